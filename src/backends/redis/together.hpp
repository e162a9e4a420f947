// Calls to several masters, made at the same time.
#pragma once

#include "reprise/errc.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <vector>

namespace reprise::redis {

// Returns when all have ended: the sum of what they returned, or the error of the first in order that failed.
boost::asio::awaitable<result<std::size_t>> together(std::vector<boost::asio::awaitable<result<std::size_t>>> calls);

}  // namespace reprise::redis

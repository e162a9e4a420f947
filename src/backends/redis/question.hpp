// One request to one server, on a connection of its own that ends with the answer: where the masters are.
#pragma once

#include "reprise/errc.hpp"
#include "reprise/redis_options.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/redis/request.hpp>
#include <boost/redis/response.hpp>

#include <memory>
#include <string>

namespace reprise::redis {

// `why` gets what failed, for the log, where it did: errc::unavailable, errc::timed_out, or errc::refused with the server's own
// words. Takes at most three times the options' deadline for connecting, four times with TLS.
boost::asio::awaitable<result<std::shared_ptr<const boost::redis::generic_flat_response>>> ask(
    boost::asio::any_io_executor executor, const redis_options& at, std::shared_ptr<boost::redis::request> what, std::string& why);

}  // namespace reprise::redis

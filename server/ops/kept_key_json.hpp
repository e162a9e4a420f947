// A key of the cache, as the API and the command line show it.
#pragma once

#include "reprise/kept_keys.hpp"

#include <boost/json/object.hpp>

namespace bookings::ops {

boost::json::object to_json(const reprise::kept_key& from);

}  // namespace bookings::ops

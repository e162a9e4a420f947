// The one table of what is cached: a line for each route. To change a TTL, or to cache another route, change a line.
#pragma once

#include "reprise/policy.hpp"

#include <boost/beast/http/verb.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace bookings::caching {

struct cached_route {
  std::string pattern;  // of a GET route: "/api/bookings"
  reprise::cache_policy policy;
  std::string thing{};  // audience::thing: the ":name" segment that says which
};

const std::vector<cached_route>& cached_routes();

// The line of a route; null where it is not cached.
const cached_route* find_cached_route(boost::beast::http::verb method, std::string_view pattern);

}  // namespace bookings::caching

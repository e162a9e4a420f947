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
  // audience::thing: what says which. A ":name" segment, or query parameters of which one must be there, once; a
  // request that has none or several is for the controller to refuse, and is not cached. Name them in `vary_query` too.
  std::string thing{};
  std::vector<std::string> thing_query{};
};

const std::vector<cached_route>& cached_routes();

// The line of a route; null where it is not cached.
const cached_route* find_cached_route(boost::beast::http::verb method, std::string_view pattern);

}  // namespace bookings::caching

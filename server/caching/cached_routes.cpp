#include "server/caching/cached_routes.hpp"

namespace bookings::caching {

using reprise::audience;

namespace {

// Lists of a page's usual length go out faster as they are; the long ones are what fills a Redis.
constexpr std::size_t large_list_bytes = 16 * 1024;

// What everybody sees is asked for so often that its expiry would meet many at once.
constexpr double last_tenth = 0.1;

}  // namespace

// What may change each entry is said in invalidations.cpp. A policy without `ttl` takes CACHE_TTL.
const std::vector<cached_route>& cached_routes() {
  static const std::vector<cached_route> table{
      {"/api/bookings", {.prefix = "bookings", .vary_query = {"status", "page", "limit", "sort"}, .compress_from_bytes = large_list_bytes}},
      {"/api/gigs",
       {.prefix = "gigs", .vary_query = {"subject", "teacherId", "sort", "page", "limit"}, .audience = audience::shared,
        .bypass_query = {"q"}, .compress_from_bytes = large_list_bytes, .early_refresh = last_tenth}},
      {"/api/gigs/:id", {.prefix = "gigs", .audience = audience::thing, .early_refresh = last_tenth}, "id"},
      {"/api/users/:id", {.prefix = "users", .audience = audience::thing}, "id"},
      {"/api/reviews",
       {.prefix = "reviews", .vary_query = {"gigId", "teacherId", "sort", "page", "limit"},
        .audience = audience::thing},
       {}, {"gigId", "teacherId"}},
  };
  return table;
}

const cached_route* find_cached_route(boost::beast::http::verb method, std::string_view pattern) {
  if (method != boost::beast::http::verb::get && method != boost::beast::http::verb::head) return nullptr;
  for (const auto& row : cached_routes())
    if (row.pattern == pattern) return &row;
  return nullptr;
}

}  // namespace bookings::caching

#include "server/caching/cache_stage.hpp"

#include "server/caching/cached_routes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bookings::caching {
namespace {

using boost::asio::awaitable;

constexpr std::string_view flag = "{\"cached\":true,";

// Does If-None-Match name this entry? Weak comparison (RFC 9110 section 13.1.2), a list, or "*".
bool names_etag(std::string_view header, std::string_view etag) {
  const auto opaque = [](std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; };
  while (!header.empty()) {
    const auto comma = std::min(header.find(','), header.size());
    auto tag = header.substr(0, comma);
    while (!tag.empty() && tag.front() == ' ') tag.remove_prefix(1);
    while (!tag.empty() && tag.back() == ' ') tag.remove_suffix(1);
    if (tag == "*" || (!tag.empty() && opaque(tag) == opaque(etag))) return true;
    header.remove_prefix(std::min(comma + 1, header.size()));
  }
  return false;
}

std::string_view name_of(reprise::outcome what) {
  switch (what) {
    case reprise::outcome::hit: return "HIT";
    case reprise::outcome::miss: return "MISS";
    case reprise::outcome::bypass: return "BYPASS";
  }
  return "";
}

// RFC 9211.
std::string cache_status(const reprise::cached_reply& from) {
  switch (from.outcome) {
    case reprise::outcome::hit: return fmt::format("reprise; hit; ttl={}", from.ttl.count());
    case reprise::outcome::miss: return from.collapsed ? "reprise; fwd=miss; collapsed" : "reprise; fwd=miss";
    case reprise::outcome::bypass:
      return fmt::format("reprise; fwd=bypass; detail={}{}", from.why, from.collapsed ? "; collapsed" : "");
  }
  return "";
}

http::reply to_reply(const http::request& what, const reprise::cache_policy& policy, reprise::cached_reply from) {
  http::reply answer;
  answer.status = from.status;
  answer.content_type = std::move(from.content_type);
  answer.headers = std::move(from.headers);
  answer.set("X-Cache", std::string(name_of(from.outcome)));
  answer.set("Cache-Status", cache_status(from));
  answer.set("Vary", "Authorization");
  if (!from.etag.empty()) {
    answer.set("Age", std::to_string(from.age.count()));
    answer.set("ETag", from.etag);
    answer.set("Cache-Control", policy.audience == reprise::audience::per_user ? "private, no-cache" : "no-cache");
    if (names_etag(what.header(boost::beast::http::field::if_none_match), from.etag)) {
      answer.status = 304;
      return answer;
    }
  }
  answer.storage = std::move(from.storage);
  answer.body = from.body;
  // Every stored body is a JSON object with at least one member: `{"success":true,…}`.
  if (from.outcome == reprise::outcome::hit && answer.body.starts_with("{\"")) {
    answer.head = flag;
    answer.body.remove_prefix(1);
  }
  return answer;
}

// Empty, which is no name and so never cached, where the request does not say exactly one.
std::string_view thing_of(const cached_route& row, const http::request& what) {
  if (!row.thing.empty()) return what.path_value(row.thing);
  std::string_view found;
  std::size_t count = 0;
  for (const auto& [name, value] : what.query) {
    if (std::find(row.thing_query.begin(), row.thing_query.end(), name) == row.thing_query.end()) continue;
    found = value;
    ++count;
  }
  return count == 1 ? found : std::string_view();
}

awaitable<http::reply> through_cache(reprise::response_cache& cache, const cached_route& row, http::request& what,
                                     const http::controller& next) {
  reprise::cache_request asked;
  if (what.identity) {
    asked.user = what.identity->user_id;
    asked.role = to_text(what.identity->role);
  }
  asked.thing = thing_of(row, what);
  asked.query = &what.query;
  asked.request_id = what.request_id;

  const reprise::origin read = [&]() -> awaitable<reprise::origin_reply> {
    auto from = co_await next(what);
    std::string body = std::move(from.head);
    body += from.body;
    co_return reprise::origin_reply{from.status, std::move(from.content_type), std::move(body), std::move(from.headers)};
  };
  auto got = co_await cache.serve(row.policy, asked, read);
  if (!got) co_return http::failure(errc::overloaded, what.request_id);
  co_return to_reply(what, row.policy, std::move(*got));
}

}  // namespace

http::around_stage make_cache_stage(reprise::response_cache& cache) {
  return [&cache](http::request& what, const http::route& where, const http::controller& next) -> awaitable<http::reply> {
    const auto* row = find_cached_route(what.method, where.pattern);
    return row != nullptr ? through_cache(cache, *row, what, next) : next(what);
  };
}

}  // namespace bookings::caching

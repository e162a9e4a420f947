#include "server/caching/cache_stage.hpp"

#include "server/caching/cached_routes.hpp"
#include "server/http/accepted_coding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>
#include <utility>

namespace bookings::caching {
namespace {

using boost::asio::awaitable;

constexpr std::string_view flag = "{\"cached\":true,";

// The same before a compressed body, whose first byte is a frame of its own.
std::string_view zstd_flag() {
  static const std::string frame = reprise::zstd_frame(flag);
  return frame;
}

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

// RFC 9211.
void set_cache_status(http::reply& answer, const reprise::cached_reply& from) {
  fmt::basic_memory_buffer<char, 96> text;
  switch (from.outcome) {
    case reprise::outcome::hit:
      fmt::format_to(std::back_inserter(text), "reprise; hit; ttl={}", from.ttl.count());
      break;
    case reprise::outcome::miss:
      fmt::format_to(std::back_inserter(text), "reprise; fwd=miss{}", from.collapsed ? "; collapsed" : "");
      break;
    case reprise::outcome::bypass:
      fmt::format_to(std::back_inserter(text), "reprise; fwd=bypass; detail={}{}", from.why, from.collapsed ? "; collapsed" : "");
      break;
  }
  answer.set("Cache-Status", {text.data(), text.size()});
}

http::reply to_reply(const http::request& what, const reprise::cache_policy& policy, const reprise::cached_reply& from) {
  http::reply answer;
  answer.status = from.status;
  answer.content_type = from.content_type;
  answer.owner = from.owner;
  for (const auto& [name, value] : from.headers) answer.set(name, value);
  answer.set("X-Cache", to_text(from.outcome));
  set_cache_status(answer, from);
  answer.set("Vary", policy.compress_from_bytes ? "Authorization, Accept-Encoding" : "Authorization");
  if (!from.tag.empty()) {
    fmt::basic_memory_buffer<char, 32> etag, age;
    fmt::format_to(std::back_inserter(etag), "W/\"{}\"", from.tag);
    fmt::format_to(std::back_inserter(age), "{}", from.age.count());
    answer.set("Age", {age.data(), age.size()});
    answer.set("ETag", {etag.data(), etag.size()});
    answer.set("Cache-Control", policy.audience == reprise::audience::per_user ? "private, no-cache" : "no-cache");
    if (names_etag(what.header(boost::beast::http::field::if_none_match), {etag.data(), etag.size()})) {
      answer.status = 304;
      return answer;
    }
  }
  answer.body = from.body;
  if (from.encoding == reprise::encoding::zstd) {
    answer.set("Content-Encoding", "zstd");
    answer.head = zstd_flag();
    answer.body.remove_prefix(reprise::zstd_first_frame_bytes);
    return answer;
  }
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

reprise::response_cache::lookup prepare(reprise::response_cache& cache, const cached_route& row, const http::request& what) {
  reprise::cache_request asked;
  if (what.identity) {
    asked.user = what.identity->user_id;
    asked.role = to_text(what.identity->role);
  }
  asked.thing = thing_of(row, what);
  asked.query = &what.query;
  asked.request_id = what.request_id;
  if (row.policy.compress_from_bytes && http::accepts_coding(what.header(boost::beast::http::field::accept_encoding), "zstd"))
    asked.accepts = reprise::encoding::zstd;
  return cache.prepare(row.policy, asked);
}

awaitable<reprise::origin_reply> read(http::request& what, const http::controller& next) {
  const auto from = co_await next(what);
  reprise::origin_reply answer;
  answer.status = from.status;
  answer.content_type = from.content_type;
  answer.body.reserve(from.body_bytes());
  answer.body.append(from.head).append(from.body);
  from.headers.each([&](std::string_view name, std::string_view value) { answer.headers.emplace_back(name, value); });
  co_return answer;
}

// What a miss calls: the controller.
struct reading {
  http::request& what;
  const http::controller& next;

  awaitable<reprise::origin_reply> operator()() const { return read(what, next); }
};

// Makes the same for a read behind the reply, with a request of its own. Controllers outlive all requests.
struct reading_behind {
  const http::request& what;
  const http::controller& next;

  reprise::origin operator()() const {
    auto own = std::make_shared<http::request>(what.copy());
    return [own = std::move(own), &next = next] { return read(*own, next); };
  }
};

awaitable<http::reply> through_cache(reprise::response_cache& cache, const cached_route& row, http::request& what,
                                     const http::controller& next) {
  auto looked = std::move(what.looked_up);
  if (!looked) looked = prepare(cache, row, what);
  const reading from_controller{what, next};
  const reprise::origin read = std::cref(from_controller);  // as large as a pointer: std::function allocates nothing
  const reading_behind from_own_request{what, next};
  const reprise::origin_maker again = std::cref(from_own_request);  // called only where the policy has such reads
  auto got = co_await cache.serve(looked, read, again);
  if (!got) co_return http::failure(errc::overloaded, what.request_id);
  what.cached_as = got->outcome;
  if (what.traced) what.traced->work.set("reprise.outcome", to_text(got->outcome));
  co_return to_reply(what, row.policy, *got);
}

}  // namespace

reprise::response_cache::lookup prepare_lookup(reprise::response_cache& cache, const http::request& what,
                                               const http::route& where) {
  const auto* row = find_cached_route(what.method, where.pattern);
  return row != nullptr ? prepare(cache, *row, what) : reprise::response_cache::lookup();
}

http::around_stage make_cache_stage(reprise::response_cache& cache) {
  return [&cache](http::request& what, const http::route& where, const http::controller& next) -> awaitable<http::reply> {
    const auto* row = find_cached_route(what.method, where.pattern);
    return row != nullptr ? through_cache(cache, *row, what, next) : next(what);
  };
}

}  // namespace bookings::caching

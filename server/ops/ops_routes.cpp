#include "server/ops/ops_routes.hpp"

#include "server/http/body.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>

namespace bookings::ops {
namespace {

using boost::asio::awaitable;
using boost::beast::http::verb;
using http::access;
using http::reply;
using http::request;

class ops_routes {
 public:
  explicit ops_routes(ops_parts parts) : parts_(parts) {}

  // The process runs and answers: nothing more.
  awaitable<reply> health(request&) const { co_return http::success(200, {{"status", "ok"}}); }

  // May traffic be sent here? Not without the store, and not while draining; without Redis it may.
  awaitable<reply> ready(request& what) const {
    parts_.ready.note_question();
    if (parts_.ready.is_draining()) co_return http::failure(errc::overloaded, what.request_id);
    const auto answered = co_await parts_.stores.upkeep("check", [](store& s) { return s.check(); });
    if (!answered) co_return http::failure(errc::store_unavailable, what.request_id);
    co_return http::success(200, {{"store", "up"}, {"cache", parts_.cache.is_available() ? "in use" : "bypassed"}});
  }

  awaitable<reply> show_metrics(request&) const {
    auto collect = [&numbers = parts_.numbers]() -> awaitable<std::string> { co_return numbers.text(); };
    auto text = co_await boost::asio::co_spawn(parts_.slow, std::move(collect), boost::asio::use_awaitable);
    reply answer;
    answer.content_type = metrics::content_type;
    answer.own(std::move(text));
    co_return answer;
  }

  awaitable<reply> cache_stats(request&) const {
    const auto now = parts_.cache.snapshot();
    boost::json::object prefixes;
    for (const auto& [prefix, count] : now.prefixes) {
      const auto asked = count.hits + count.misses + count.bypasses + count.collapsed;
      prefixes[prefix] = {{"hits", count.hits},
                          {"misses", count.misses},
                          {"bypasses", count.bypasses},
                          {"collapsed", count.collapsed},
                          {"hitRatio", asked > 0 ? static_cast<double>(count.hits) / static_cast<double>(asked) : 0.0},
                          {"fills",
                           {{"stored", count.fills_stored},
                            {"rejected", count.fills_rejected},
                            {"tooLarge", count.fills_too_large},
                            {"failed", count.fills_failed}}},
                          {"invalidations", count.invalidations},
                          {"invalidatedKeys", count.invalidated_keys}};
    }
    co_return http::success(200, {{"available", now.trusted},
                                  {"connected", now.backend_up},
                                  {"originReads", now.origin_reads},
                                  {"replays", now.replays},
                                  {"prefixes", std::move(prefixes)}});
  }

  // {prefix, userId?, role?}: one user's entries, or all of a prefix.
  awaitable<reply> invalidate(request& what) const {
    http::body_reader body(what);
    const auto prefix = body.text("prefix", 1, 64);
    const auto user_id = body.optional_text("userId", 1, 64);
    const auto role = body.optional_text("role", 1, 64);
    if (!body.is_rejected("prefix") && !reprise::is_valid_name(prefix)) body.reject("prefix", "must be a name");
    if (user_id && !reprise::scope::of_user("x", *user_id)) body.reject("userId", "must be a name");
    if (role && !reprise::is_valid_name(*role)) body.reject("role", "must be a name");
    if (auto failed = body.failure()) co_return *failed;
    // First: there must be no purge that nobody is known to have asked for. One that fails after this was asked for.
    const act asked{what.identity->user_id, trail_action::purge_cache, trail_subject::cache,
                    user_id ? prefix + ":user:" + *user_id : prefix};
    const auto noted = co_await parts_.stores.write("append_trail", [&](store& s) { return s.append_trail(asked); });
    if (!noted) co_return http::failure(noted.error(), what.request_id);
    reprise::result<void> done;
    if (user_id)
      done = co_await parts_.cache.invalidate(*user_id, prefix, role ? std::string_view(*role) : "all");
    else
      done = co_await parts_.cache.invalidate_all(prefix);
    // Nothing durable stands behind a purge by hand: where it did not reach the cache, the admin must know.
    if (!done) co_return http::failure(errc::store_unavailable, what.request_id);
    co_return http::success(200, {{"prefix", prefix}});
  }

 private:
  ops_parts parts_;
};

}  // namespace

void add_ops_routes(http::router& routes, ops_parts parts) {
  const auto here = std::make_shared<ops_routes>(parts);
  routes.add({verb::get, "/health", access::anyone, [here](request& r) { return here->health(r); }});
  routes.add({verb::get, "/ready", access::anyone, [here](request& r) { return here->ready(r); }});
  routes.add({verb::get, "/metrics", access::anyone, [here](request& r) { return here->show_metrics(r); }});
  routes.add({verb::get, "/api/cache/stats", access::admin, [here](request& r) { return here->cache_stats(r); }});
  routes.add({verb::post, "/api/cache/invalidate", access::admin, [here](request& r) { return here->invalidate(r); }});
}

}  // namespace bookings::ops

// A GET's way: lookup, then a hit, a fill (fill.cpp) or a bypass.
#include "src/engine/engine.hpp"

#include <algorithm>

namespace reprise {
namespace {

std::optional<scope> scope_of(const cache_policy& policy, const cache_request& request) {
  switch (policy.audience) {
    case audience::per_user: return scope::of_user(policy.prefix, request.user);
    case audience::shared: return scope::shared(policy.prefix);
    case audience::thing: return scope::of_thing(policy.prefix, request.thing);
  }
  return std::nullopt;
}

std::string_view role_of(const cache_policy& policy, const cache_request& request) {
  switch (policy.audience) {
    case audience::per_user: return request.role;
    case audience::shared: return "any";
    case audience::thing: return "";
  }
  return "";
}

bool is_bypassed(const cache_policy& policy, const parameters& query) {
  return std::any_of(query.begin(), query.end(), [&](const auto& parameter) {
    return std::find(policy.bypass_query.begin(), policy.bypass_query.end(), parameter.first) != policy.bypass_query.end();
  });
}

}  // namespace

auto response_cache::impl::serve(const cache_policy& policy, const cache_request& request, const origin& read)
    -> awaitable<result<cached_reply>> {
  static const parameters none;
  const auto& query = request.query != nullptr ? *request.query : none;
  visit here{policy, request, read, counters_.of(policy.prefix), settings_.deadline};
  here.owner = shared_from_this();

  if (!policy.bypass_query.empty() && is_bypassed(policy, query)) co_return co_await read_alone(here, "policy");
  here.where = scope_of(policy, request);
  const auto key = here.where ? here.where->entry_key(role_of(policy, request), canonical_query(query, policy.vary_query))
                              : std::nullopt;
  if (!key) co_return co_await read_alone(here, "name");
  here.key = *key;

  here.ticket = trust_.current(world_->now());
  if (!here.ticket) co_return co_await bypass(here, backend_ ? "unavailable" : "off");
  auto found = co_await timed(here.left, [&](duration limit) {
    return backend_->lookup(here.where->generation_key(), here.key, limit);
  });
  // An answer counts only under the trust that it was asked for.
  if (!found || !trust_.holds(here.ticket)) co_return co_await bypass(here, "unavailable");

  const auto& stamp = here.ticket->of(policy.prefix);
  const auto judged = core::judge(found->generation, found->entry, stamp, world_->wall());
  if (judged.what == core::verdict::hit) co_return answer_hit(here, std::move(*found->entry), judged.entry);
  if (judged.what == core::verdict::undecodable) ++here.count.undecodable;
  std::optional<std::string> seen;
  if (found->generation && core::has_stamp(*found->generation, stamp)) seen = std::move(found->generation);
  co_return co_await fill(here, std::move(seen));
}

cached_reply response_cache::impl::answer_hit(visit& request, std::string entry, const core::decoded_entry& decoded) {
  request.count.hits.fetch_add(1, std::memory_order_relaxed);
  log_request(spdlog::level::debug, request, "HIT");
  return answer_shared(request, *share_entry(std::move(entry), decoded), outcome::hit);
}

cached_reply response_cache::impl::answer_shared(const visit& request, const engine::shared_reply& from, outcome how) const {
  cached_reply reply;
  reply.outcome = how;
  reply.status = from.status;
  reply.content_type = from.content_type;
  reply.etag = from.etag.empty() ? std::string() : "W/\"" + from.etag + "\"";
  reply.storage = from.storage;
  reply.body = from.body;
  reply.age = from.age;
  reply.ttl = from.ttl;
  reply.key = request.key;
  reply.headers = from.headers;
  return reply;
}

// While there is no generation to tell old from new, a request may share only a read that has not begun.
auto response_cache::impl::bypass(visit& request, std::string_view why) -> awaitable<result<cached_reply>> {
  const auto place = bypasses_.enter(request.key);
  if (place.other) {
    const auto shared = co_await place.other->wait();
    if (!shared || !shared->storable) co_return co_await read_alone(request, why);
    request.count.bypasses.fetch_add(1, std::memory_order_relaxed);
    auto reply = answer_shared(request, *shared, outcome::bypass);
    reply.collapsed = true;
    reply.why = why;
    co_return reply;
  }
  engine::led own(bypasses_, request.key, place.own);
  if (place.before) co_await place.before->wait();
  const auto got = co_await read_origin(request, [&] { bypasses_.begin(request.key, place.own); });
  if (!got) co_return got.error();
  own.finish(*got);
  request.count.bypasses.fetch_add(1, std::memory_order_relaxed);
  auto reply = answer_shared(request, **got, outcome::bypass);
  reply.why = why;
  co_return reply;
}

auto response_cache::impl::read_alone(visit& request, std::string_view why) -> awaitable<result<cached_reply>> {
  request.count.bypasses.fetch_add(1, std::memory_order_relaxed);
  const auto got = co_await read_origin(request);
  if (!got) co_return got.error();
  auto reply = answer_shared(request, **got, outcome::bypass);
  reply.why = why;
  co_return reply;
}

void response_cache::impl::log_request(spdlog::level::level_enum level, const visit& request, std::string_view what) const {
  if (request.policy.log == request_log::hidden) level = spdlog::level::trace;
  if (!logger_ || !logger_->should_log(level)) return;
  if (request.request.request_id.empty())
    logger_->log(level, "[Cache] {} - {}", what, request.key);
  else
    logger_->log(level, "{} [Cache] {} - {}", request.request.request_id, what, request.key);
}

bool response_cache::impl::breaker_allows(environment::steady_time now) {
  if (breaker_closed_.load(std::memory_order_relaxed)) return true;
  const std::lock_guard lock(breaker_mutex_);
  return breaker_.allows(now);
}

void response_cache::impl::after_call(std::uint64_t session, boost::system::error_code error) {
  if (error == errc::wrong_role) lose(session, "the server is no master any more");
  const bool failed = error == errc::timed_out || error == errc::unavailable;
  if (!failed && breaker_closed_.load(std::memory_order_relaxed)) return;
  const auto random = random_unit();
  const std::lock_guard lock(breaker_mutex_);
  if (failed)
    breaker_.on_failure(world_->now(), random);
  else
    breaker_.on_success();
  breaker_closed_ = breaker_.state() == core::breaker::state::closed;
}

}  // namespace reprise

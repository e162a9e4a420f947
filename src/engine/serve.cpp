// A GET's way: lookup, then a hit, a fill (fill.cpp) or a bypass.
#include "src/engine/engine.hpp"

#include "reprise/trace.hpp"
#include "src/core/compression.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <utility>

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

bool is_success(unsigned status) noexcept { return status >= 200 && status < 300; }

bool is_bypassed(const cache_policy& policy, const parameters& query) {
  return std::any_of(query.begin(), query.end(), [&](const auto& parameter) {
    return std::find(policy.bypass_query.begin(), policy.bypass_query.end(), parameter.first) != policy.bypass_query.end();
  });
}

// What the policy allows to this request: without an origin for it, nothing is read behind its reply.
core::leeway leeway_of(const visit& request) noexcept {
  const auto& policy = request.policy;
  core::leeway allowed;
  if (request.again != nullptr) {
    allowed.early_refresh = policy.early_refresh;
    allowed.stale_while_revalidate = policy.stale_while_revalidate;
  }
  allowed.stale_if_error = policy.stale_if_error;
  return allowed;
}

std::string prefixes_of(std::span<visit* const> several) {
  std::string text;
  for (const auto* each : several) text.append(text.empty() ? "" : ",").append(each->policy.prefix);
  return text;
}

}  // namespace

std::unique_ptr<visit> response_cache::impl::prepare(const cache_policy& policy, const cache_request& request) {
  static const parameters none;
  const auto& query = request.query != nullptr ? *request.query : none;
  auto here = std::make_unique<visit>(policy, request, counters_.of(policy.prefix), settings_.deadline);
  here->owner = shared_from_this();
  here->is_looked = here->is_alone = true;  // until it has a key
  if (!policy.bypass_query.empty() && is_bypassed(policy, query)) {
    here->why = "policy";
    return here;
  }
  here->where = scope_of(policy, request);
  auto key = here->where ? here->where->entry_key(role_of(policy, request), canonical_query(query, policy.vary_query), keys_)
                         : std::nullopt;
  if (!key) {
    here->why = "name";
    return here;
  }
  here->key = std::move(*key);
  here->generation_key = here->where->generation_key(keys_);
  here->is_alone = false;
  const auto now = world_->now();
  here->ticket = trust_.current(now);
  here->is_looked = !here->ticket;
  if (!here->ticket) {
    here->why = backend_ ? "unavailable" : "off";
    return here;
  }
  here->mode = local_.mode_of(policy);
  if (here->mode != local_copies::off) here->local = local_.entries.find(here->key);
  if (here->mode != local_copies::tracked || !here->local || !local_.is_heard(now)) return here;
  const auto known = local_.generations.find(here->generation_key);
  if (!known || core::judge(*known, here->local->decoded, here->ticket->of(policy.prefix), world_->wall()) != core::verdict::hit)
    return here;
  here->generation = backend::value{known, *known};
  here->is_looked = true;  // nobody need be asked
  return here;
}

auto response_cache::impl::look(std::span<visit* const> several) -> awaitable<void> {
  boost::container::small_vector<visit*, 2> asking;
  for (auto* each : several)
    if (!std::exchange(each->is_looked, true)) asking.push_back(each);
  if (asking.empty()) co_return;
  const auto executor = co_await boost::asio::this_coro::executor;
  span work(executor, "lookup");
  if (work) work.set("reprise.prefix", prefixes_of(asking));
  co_await look_once(asking);
  // Where what we keep is not of the present generation, the entry may still be there.
  const auto again = std::remove_if(asking.begin(), asking.end(), [&](visit* each) {
    if (!each->ticket || !each->local || !each->generation) return true;
    const auto kept = std::exchange(each->local, nullptr);
    const auto& stamp = each->ticket->of(each->policy.prefix);
    const auto what = core::judge(each->generation->text, kept->decoded, stamp, world_->wall());
    if (what == core::verdict::hit) each->local = kept;
    return what == core::verdict::hit || what == core::verdict::foreign;
  });
  asking.erase(again, asking.end());
  if (!asking.empty()) co_await look_once(asking);
}

// One round trip: of those that have an entry here the generation alone.
auto response_cache::impl::look_once(std::span<visit* const> several) -> awaitable<void> {
  boost::container::small_vector<backend::slot, 4> slots;
  boost::container::small_vector<engine::local_generations::ticket, 2> tickets;
  for (auto* each : several) {
    tickets.push_back(local_.generations.begin(each->generation_key));
    slots.push_back({each->generation_key, each->mode == local_copies::tracked});
    if (!each->local) slots.push_back({each->key});
  }
  auto& left = several.front()->left;
  const auto found = co_await timed(left, [&](duration limit) { return backend_->read(slots, limit); });
  auto slot = slots.begin();
  for (std::size_t i = 0; i < several.size(); ++i) {
    auto& each = *several[i];
    each.left = left;
    each.generation = std::move(slot++->found);
    if (!each.local) each.entry = std::move(slot++->found);
    if (!found || !trust_.holds(each.ticket)) {  // an answer counts only under the trust that it was asked for
      each.ticket = {};
      each.why = "unavailable";
    } else if (each.mode == local_copies::tracked && each.generation) {
      const auto ticket = settings_.weakened.keep_generations_of_late_replies ? local_.generations.begin(each.generation_key) : tickets[i];
      (void)local_.generations.put(each.generation_key, each.generation->text, ticket);
    }
  }
}

auto response_cache::impl::serve(visit& here, const origin& read, const origin_maker& again)
    -> awaitable<result<cached_reply>> {
  here.read = &read;
  here.again = again ? &again : nullptr;
  if (!here.is_looked) {
    visit* const one[] = {&here};
    co_await look(one);
  }
  if (here.is_alone) co_return co_await read_alone(here, here.why);
  if (!here.ticket) co_return co_await bypass(here, here.why);

  const auto text = [](const std::optional<backend::value>& from) {
    return from ? std::optional(from->text) : std::nullopt;
  };
  const auto& stamp = here.ticket->of(here.policy.prefix);
  const auto now = world_->wall();
  core::judged judged;
  const bool is_local =
      here.local && core::judge(text(here.generation), here.local->decoded, stamp, now) == core::verdict::hit;
  if (is_local) {
    judged = {core::verdict::hit, here.local->decoded};
    const std::string_view bytes = *here.local->bytes;
    here.entry = backend::value{std::move(here.local), bytes};
  } else {
    judged = judge(here, text(here.generation), text(here.entry));
  }
  const auto use = core::use_of(judged, leeway_of(here), now);
  if (use == core::use::serve || use == core::use::serve_and_refresh) {
    if (auto reply = answer_hit(here, *here.entry, judged.entry)) {
      if (is_local)
        here.count.local_hits.fetch_add(1, std::memory_order_relaxed);
      else if (judged.what == core::verdict::hit)
        keep(here, *here.entry);
      if (use == core::use::serve_and_refresh) {
        const auto executor = co_await boost::asio::this_coro::executor;
        refresh_behind(here, *here.entry, executor);
      }
      co_return std::move(*reply);
    }
    if (is_local) (void)local_.entries.erase(here.key);
  }
  std::optional<std::string> seen;
  if (here.generation && core::has_stamp(here.generation->text, stamp)) seen = here.generation->text;
  here.local.reset();
  here.generation.reset();
  const auto entry = std::exchange(here.entry, std::nullopt);
  if (use == core::use::read_or_serve) co_return co_await fill_or_stale(here, std::move(seen), *entry, judged.entry);
  co_return co_await fill(here, std::move(seen));
}

// An entry that was read, or stored, is kept here too.
void response_cache::impl::keep(const visit& request, const backend::value& entry) {
  if (request.mode == local_copies::off) return;
  if (auto made = engine::make_local_entry(std::make_shared<const std::string>(entry.text)))
    (void)local_.entries.put(request.key, std::move(made));
}

core::judged response_cache::impl::judge(visit& request, std::optional<std::string_view> generation,
                                         std::optional<std::string_view> entry) {
  auto judged = core::judge(generation, entry, request.ticket->of(request.policy.prefix), world_->wall());
  // It says itself how large it would become; what was stored under this policy says no more than this.
  if (judged.entry.header.encoding == encoding::zstd && judged.entry.plain_bytes > request.policy.largest_entry_bytes)
    judged.what = core::verdict::undecodable;
  if (judged.what == core::verdict::undecodable) ++request.count.undecodable;
  if (judged.what == core::verdict::undecodable || judged.what == core::verdict::expired)
    request.unusable = core::beginning_of(*entry);
  return judged;
}

// Absent where the entry is compressed, the client does not take that, and it cannot be decompressed.
std::optional<cached_reply> response_cache::impl::answer_hit(visit& request, const backend::value& entry,
                                                             const core::decoded_entry& decoded) {
  cached_reply reply;
  reply.outcome = outcome::hit;
  reply.status = decoded.header.status;
  reply.content_type = decoded.header.content_type;
  if (is_success(reply.status)) reply.tag = decoded.header.etag;
  if (decoded.header.encoding == encoding::identity || request.request.accepts == decoded.header.encoding) {
    reply.owner = entry.owner;
    reply.body = decoded.body;
    reply.encoding = decoded.header.encoding;
  } else {
    auto plain = plain_of(request, entry, decoded);
    if (!plain) return std::nullopt;
    reply.owner = plain->owner;
    reply.body = plain->text;
  }
  request.count.hits.fetch_add(1, std::memory_order_relaxed);
  log_request(spdlog::level::debug, request, "HIT");
  const auto now = world_->wall();
  if (now >= decoded.header.fresh_until) request.count.stale.fetch_add(1, std::memory_order_relaxed);
  reply.age = core::age_of(decoded.header, now);
  reply.ttl = core::remaining(decoded.header, now);
  return reply;
}

// The body of a compressed entry as it was sent, whose owner also keeps the entry; absent where it is broken.
std::optional<backend::value> response_cache::impl::plain_of(visit& request, const backend::value& entry,
                                                             const core::decoded_entry& decoded) {
  auto plain = core::decompress_body(decoded.body, request.policy.largest_entry_bytes);
  if (!plain) {
    ++request.count.undecodable;
    request.unusable = core::beginning_of(entry.text);
    return std::nullopt;
  }
  struct both {
    std::shared_ptr<const void> entry;
    std::string plain;
  };
  const auto kept = std::make_shared<const both>(both{entry.owner, std::move(*plain)});
  return backend::value{kept, kept->plain};
}

cached_reply response_cache::impl::answer_shared(const engine::shared_result& from, outcome how) const {
  cached_reply reply;
  reply.outcome = how;
  reply.status = from->status;
  reply.owner = from;
  reply.body = from->body;
  reply.content_type = from->content_type;
  if (is_success(from->status)) reply.tag = from->tag;
  reply.age = from->age;
  reply.ttl = from->ttl;
  reply.headers = from->read.headers;
  return reply;
}

// While there is no generation to tell old from new, a request may share only a read that has not begun.
auto response_cache::impl::bypass(visit& request, std::string_view why) -> awaitable<result<cached_reply>> {
  const auto place = bypasses_.enter(request.key);
  if (place.other) {
    const auto shared = co_await place.other->wait();
    if (!shared || !shared->storable) co_return co_await read_alone(request, why);
    request.count.bypasses.fetch_add(1, std::memory_order_relaxed);
    auto reply = answer_shared(shared, outcome::bypass);
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
  auto reply = answer_shared(*got, outcome::bypass);
  reply.why = why;
  co_return reply;
}

auto response_cache::impl::read_alone(visit& request, std::string_view why) -> awaitable<result<cached_reply>> {
  request.count.bypasses.fetch_add(1, std::memory_order_relaxed);
  const auto got = co_await read_origin(request);
  if (!got) co_return got.error();
  auto reply = answer_shared(*got, outcome::bypass);
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

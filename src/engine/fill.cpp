// A miss's way: capture a generation, join who is filling it or lead, read the origin, commit under what was captured.
#include "src/engine/engine.hpp"

#include "reprise/trace.hpp"
#include "src/core/compression.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <exception>

namespace reprise {
namespace {

using namespace std::chrono_literals;

// How long an entry that is fresh for so long is kept: as long as the policy may serve it.
std::chrono::milliseconds kept_for(const cache_policy& policy, std::chrono::milliseconds fresh) {
  return fresh + std::max(policy.stale_while_revalidate, policy.stale_if_error);
}

std::string_view name_of(const result<backend::commit_outcome>& committed) noexcept {
  if (!committed) return "failed";
  switch (*committed) {
    case backend::commit_outcome::stored: return "stored";
    case backend::commit_outcome::generation_changed: return "rejected";
    case backend::commit_outcome::scope_full: return "scope_full";
  }
  return "";
}

}  // namespace

// `seen`: the generation that this request's own lookup read, where it is one of this trust.
auto response_cache::impl::fill(visit& request, std::optional<std::string> seen) -> awaitable<result<cached_reply>> {
  log_request(spdlog::level::debug, request, "MISS");
  const auto executor = co_await boost::asio::this_coro::executor;
  span work(executor, "fill");
  if (work) work.set("reprise.prefix", std::string(request.policy.prefix));
  // Joining by key alone would hand a reader data older than a write it already knows of: the generation is in the key.
  const auto flight_key = [&](const std::string& generation) {
    return settings_.weakened.collapse_by_key_alone ? request.key : request.key + ' ' + generation;
  };
  if (seen)
    if (auto under_way = fills_.find(flight_key(*seen))) co_return co_await join(request, std::move(under_way));

  const auto token = world_->random_hex(8);
  auto begun = co_await begin(request, token);
  if (!begun || !trust_.holds(request.ticket)) co_return co_await bypass(request, "unavailable");
  if (begun->entry) {
    // Another process has filled it between our lookup and now.
    const auto judged = judge(request, begun->generation, begun->entry->text);
    if (judged.what == core::verdict::hit)
      if (auto reply = answer_hit(request, *begun->entry, judged.entry)) co_return std::move(*reply);
  }
  const auto key = flight_key(begun->generation);
  auto [flight, leads] = fills_.join(key);
  if (!leads) {
    // The flight's leader is waiting for this very lock, or has just given it back.
    if (begun->locked) {
      const auto lock = begun->generation + ' ' + token;
      co_await drop_lock(request, lock);
    }
    co_return co_await join(request, std::move(flight));
  }
  engine::led own(fills_, key, std::move(flight));
  bool alone = false;
  const auto got = co_await lead(request, *begun, token, alone);
  if (!got) co_return got.error();
  own.finish(*got);
  if (alone) {
    request.count.bypasses.fetch_add(1, std::memory_order_relaxed);
    auto reply = answer_shared(*got, outcome::bypass);
    reply.why = "unavailable";
    co_return reply;
  }
  (*got)->from_entry ? ++request.count.collapsed : ++request.count.misses;
  auto reply = answer_shared(*got, outcome::miss);
  reply.collapsed = (*got)->from_entry;
  co_return reply;
}

auto response_cache::impl::join(visit& request, std::shared_ptr<engine::flight> flight) -> awaitable<result<cached_reply>> {
  const auto shared = co_await flight->wait();
  // A failure is nobody else's answer: it names another request, and the next try may succeed.
  if (!shared || !shared->storable) co_return co_await read_alone(request, "fill-failed");
  request.count.collapsed.fetch_add(1, std::memory_order_relaxed);
  auto reply = answer_shared(shared, outcome::miss);
  reply.collapsed = true;
  co_return reply;
}

// Carries out what the machine decides. `alone` is set where the backend had no part in the reply.
auto response_cache::impl::lead(visit& request, backend::begun& begun, const std::string& token, bool& alone)
    -> awaitable<result<engine::shared_result>> {
  using action = core::fill_machine::action;
  core::fill_machine machine(settings_.fill_wait);
  std::shared_ptr<engine::shared_reply> reply;
  auto next = begun.locked ? machine.on_begun_locked() : machine.on_begun_unlocked();
  for (;;) switch (next) {
      case action::begin: {
        // The wait for another fill is not the backend's time: each look has the whole deadline.
        request.left = settings_.deadline;
        auto again = co_await begin(request, token);
        if (!again || !trust_.holds(request.ticket)) {
          next = machine.on_no_answer();
          break;
        }
        begun = std::move(*again);
        const auto text = begun.entry ? std::optional(begun.entry->text) : std::nullopt;
        const auto judged = judge(request, begun.generation, text);
        if (judged.what == core::verdict::hit) reply = share_entry(request, *begun.entry, judged.entry);
        next = reply          ? machine.on_begun_entry()
               : begun.locked ? machine.on_begun_locked()
                              : machine.on_begun_unlocked();
        break;
      }
      case action::wait: {
        co_await world_->sleep(machine.pause());
        next = machine.on_waited();
        break;
      }
      case action::read_origin: {
        std::exception_ptr thrown;
        result<std::shared_ptr<engine::shared_reply>> got = errc::overloaded;
        try {
          got = co_await read_origin(request);
        } catch (...) {
          thrown = std::current_exception();
        }
        if ((thrown || !got) && machine.holds_lock()) {
          const auto lock = begun.generation + ' ' + token;
          co_await drop_lock(request, lock);  // the next one should not wait for it
        }
        if (thrown) std::rethrow_exception(thrown);
        if (!got) co_return got.error();
        reply = std::move(*got);
        const bool too_large = reply->storable && reply->body.size() > request.policy.largest_entry_bytes;
        if (too_large) ++request.count.fills_too_large;
        next = machine.on_origin(reply->storable && !too_large);
        break;
      }
      case action::commit: {
        const auto lock = machine.holds_lock() ? begun.generation + ' ' + token : std::string();
        co_await commit(request, *reply, begun.generation, lock);
        next = machine.on_committed();
        break;
      }
      case action::release: {
        const auto lock = begun.generation + ' ' + token;
        co_await drop_lock(request, lock);
        next = machine.on_released();
        break;
      }
      case action::answer_entry:
      case action::answer_origin: {
        alone = machine.went_alone();
        co_return engine::shared_result(std::move(reply));
      }
    }
}

auto response_cache::impl::drop_lock(visit& request, const std::string& lock) -> awaitable<void> {
  request.left = std::max<duration>(request.left, settings_.deadline / 2);  // the origin's time was not the backend's
  (void)co_await timed(request.left, [&](duration limit) { return backend_->release(lock_key(request.key), lock, limit); });
}

auto response_cache::impl::begin(visit& request, const std::string& token) -> awaitable<result<backend::begun>> {
  backend::begin_request ask;
  ask.generation_key = request.generation_key;
  ask.entry_key = request.key;
  ask.lock_key = lock_key(request.key);
  ask.stamp = request.ticket->of(request.policy.prefix);
  ask.random = world_->random_hex(8);
  ask.lock_token = token;
  ask.unusable = request.unusable;
  ask.generation_ttl = kept_for(request.policy, std::max(*ttl_of(request.policy, 200), ttl_of(request.policy, 404).value_or(0s))) +
                       std::chrono::minutes(1);
  ask.lock_ttl = settings_.lock_ttl;
  co_return co_await timed(request.left, [&](duration limit) { return backend_->begin(ask, limit); });
}

auto response_cache::impl::commit(visit& request, const engine::shared_reply& reply, std::string captured, const std::string& lock)
    -> awaitable<void> {
  const auto executor = co_await boost::asio::this_coro::executor;
  span work(executor, "store");
  if (!trust_.holds(request.ticket, world_->now())) {
    work.set("reprise.outcome", "untrusted");
    ++request.count.fills_failed;
    co_return;
  }
  request.left = std::max<duration>(request.left, settings_.deadline / 2);  // the origin's time was not the backend's
  if (settings_.weakened.commit_without_generation_check) {
    const std::string token = "weakened";
    const auto now = co_await begin(request, token);
    if (now) captured = now->generation;
  }

  const auto from = request.policy.compress_from_bytes;
  const auto compressed = from && reply.body.size() >= *from ? core::compress_body(reply.body) : std::nullopt;
  const auto created = world_->wall();
  const core::entry_header header{captured,
                                  created,
                                  created + reply.fresh,
                                  reply.status,
                                  reply.tag,
                                  reply.content_type,
                                  compressed ? encoding::zstd : encoding::identity};
  const auto entry = core::encode_entry(header, compressed ? std::string_view(*compressed) : reply.body);
  if (!entry) {
    // It cannot be written: nobody should wait for it.
    ++request.count.fills_failed;
    if (!lock.empty()) co_await drop_lock(request, lock);
    co_return;
  }
  backend::commit_request ask{request.generation_key,            request.key, lock_key(request.key),
                              request.where->index_key(keys_), captured,    lock,
                              *entry,                          kept_for(request.policy, reply.fresh), settings_.largest_scope};
  const auto committed =
      co_await timed(request.left, [&](duration limit) { return backend_->commit(ask, limit); });
  if (work) work.set("reprise.outcome", std::string(name_of(committed)));
  if (!committed) {
    ++request.count.fills_failed;
  } else if (*committed == backend::commit_outcome::stored) {
    ++request.count.fills_stored;
    keep(request, {nullptr, ask.entry});
  } else {
    ++request.count.fills_rejected;
    if (*committed == backend::commit_outcome::scope_full) ++request.count.scopes_full;
  }
}

// `begins` is called when the read has its place and begins.
auto response_cache::impl::read_origin(visit& request, std::function<void()> begins)
    -> awaitable<result<std::shared_ptr<engine::shared_reply>>> {
  const auto place = co_await gate_->enter();
  if (!place) co_return errc::overloaded;
  if (begins) begins();
  const auto executor = co_await boost::asio::this_coro::executor;
  span work(executor, "origin");
  auto got = co_await (*request.read)();
  auto reply = std::make_shared<engine::shared_reply>();
  reply->read = std::move(got);
  reply->status = reply->read.status;
  const auto ttl = ttl_of(request.policy, reply->status);
  reply->storable = ttl.has_value();
  reply->content_type = reply->read.content_type;
  reply->body = reply->read.body;
  if (reply->storable) {
    reply->made_tag = core::body_tag(reply->body);
    reply->tag = reply->made_tag;
    reply->fresh = *ttl;
    if (request.policy.jitter > 0) reply->fresh = core::shortened(*ttl, request.policy.jitter, random_unit());
    reply->ttl = std::chrono::floor<std::chrono::seconds>(reply->fresh);
  }
  co_return reply;
}

// In plain, since requests that take no zstd may have it too. Null where that cannot be had.
std::shared_ptr<engine::shared_reply> response_cache::impl::share_entry(visit& request, const backend::value& entry,
                                                                        const core::decoded_entry& decoded) {
  auto body = std::optional(backend::value{entry.owner, decoded.body});
  if (decoded.header.encoding == encoding::zstd) body = plain_of(request, entry, decoded);
  if (!body) return nullptr;
  auto reply = std::make_shared<engine::shared_reply>();
  reply->status = decoded.header.status;
  reply->storable = reply->from_entry = true;
  reply->owner = body->owner;
  reply->body = body->text;
  reply->content_type = decoded.header.content_type;
  reply->tag = decoded.header.etag;
  const auto now = world_->wall();
  reply->age = core::age_of(decoded.header, now);
  reply->ttl = core::remaining(decoded.header, now);
  return reply;
}

}  // namespace reprise

// A miss's way: capture a generation, join who is filling it or lead, read the origin, commit under what was captured.
#include "src/engine/engine.hpp"

namespace reprise {

// `seen`: the generation that this request's own lookup read, where it is one of this trust.
auto response_cache::impl::fill(visit& request, std::optional<std::string> seen) -> awaitable<result<cached_reply>> {
  log_request(spdlog::level::debug, request, "MISS");
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
    const auto decoded = core::judge(begun->generation, begun->entry->text, request.ticket->of(request.policy.prefix), world_->wall());
    if (decoded.what == core::verdict::hit) co_return answer_hit(request, std::move(begun->entry->owner), decoded.entry);
  }
  const auto key = flight_key(begun->generation);
  auto [flight, leads] = fills_.join(key);
  if (!leads) {
    // The flight's leader is waiting for this very lock, or has just given it back.
    if (begun->locked)
      (void)co_await timed(request.left, [&](duration limit) {
        return backend_->release(lock_key(request.key), begun->generation + ' ' + token, limit);
      });
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
        const auto judged = core::judge(begun.generation, text, request.ticket->of(request.policy.prefix), world_->wall());
        if (judged.what == core::verdict::hit) {
          reply = share_entry(std::move(begun.entry->owner), judged.entry);
          next = machine.on_begun_entry();
        } else {
          next = begun.locked ? machine.on_begun_locked() : machine.on_begun_unlocked();
        }
        break;
      }
      case action::wait: {
        co_await world_->sleep(machine.pause());
        next = machine.on_waited();
        break;
      }
      case action::read_origin: {
        auto got = co_await read_origin(request);
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
        request.left = settings_.deadline;
        (void)co_await timed(request.left, [&](duration limit) {
          return backend_->release(lock_key(request.key), begun.generation + ' ' + token, limit);
        });
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

auto response_cache::impl::begin(visit& request, const std::string& token) -> awaitable<result<backend::begun>> {
  backend::begin_request ask;
  ask.generation_key = request.where->generation_key();
  ask.entry_key = request.key;
  ask.lock_key = lock_key(request.key);
  ask.stamp = request.ticket->of(request.policy.prefix);
  ask.random = world_->random_hex(8);
  ask.lock_token = token;
  ask.generation_ttl = ttl_of(request.policy) + std::chrono::minutes(1);
  ask.lock_ttl = settings_.lock_ttl;
  co_return co_await timed(request.left, [&](duration limit) { return backend_->begin(ask, limit); });
}

auto response_cache::impl::commit(visit& request, const engine::shared_reply& reply, std::string captured, const std::string& lock)
    -> awaitable<void> {
  if (!trust_.holds(request.ticket, world_->now())) {
    ++request.count.fills_failed;
    co_return;
  }
  request.left = std::max<duration>(request.left, settings_.deadline / 2);  // the origin's time was not the backend's
  if (settings_.weakened.commit_without_generation_check) {
    const std::string token = "weakened";
    const auto now = co_await begin(request, token);
    if (now) captured = now->generation;
  }

  const auto created = world_->wall();
  const auto entry = core::encode_entry(
      {captured, created, created + ttl_of(request.policy), reply.status, reply.tag, reply.content_type}, reply.body);
  if (!entry) {
    // It cannot be written: nobody should wait for it.
    ++request.count.fills_failed;
    if (!lock.empty())
      (void)co_await timed(request.left, [&](duration limit) { return backend_->release(lock_key(request.key), lock, limit); });
    co_return;
  }
  backend::commit_request ask{request.where->generation_key(), request.key, lock_key(request.key),
                              request.where->index_key(),      captured,    lock,
                              *entry,                          ttl_of(request.policy), settings_.largest_scope};
  const auto committed =
      co_await timed(request.left, [&](duration limit) { return backend_->commit(ask, limit); });
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
  auto got = co_await (*request.read)();
  auto reply = std::make_shared<engine::shared_reply>();
  reply->read = std::move(got);
  reply->status = reply->read.status;
  reply->storable = reply->status >= 200 && reply->status < 300;
  reply->content_type = reply->read.content_type;
  reply->body = reply->read.body;
  if (reply->storable) {
    reply->made_tag = core::body_tag(reply->body);
    reply->tag = reply->made_tag;
    reply->ttl = ttl_of(request.policy);
  }
  co_return reply;
}

std::shared_ptr<engine::shared_reply> response_cache::impl::share_entry(std::shared_ptr<const void> owner,
                                                                        const core::decoded_entry& decoded) const {
  auto reply = std::make_shared<engine::shared_reply>();
  reply->status = decoded.header.status;
  reply->storable = reply->from_entry = true;
  reply->owner = std::move(owner);
  reply->body = decoded.body;
  reply->content_type = decoded.header.content_type;
  reply->tag = decoded.header.etag;
  const auto now = world_->wall();
  reply->age = core::age_of(decoded.header, now);
  reply->ttl = core::remaining(decoded.header, now);
  return reply;
}

}  // namespace reprise

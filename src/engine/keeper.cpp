// Keeps the cache in use: connect, replay, claim, replay the rest, trust; then, each period, a pass of the relay and a
// renewal of the lease. When anything fails, lose it all and begin again: there is no other way back into use.
#include "src/engine/engine.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace reprise {
namespace {

constexpr std::chrono::seconds quiet{30};        // between two lines about the same outage
constexpr std::chrono::minutes claim_ends{30};   // without a claim: far within the hour after which a nonce is drawn anew
constexpr std::chrono::seconds settled{10};      // a session that ends sooner does not shorten the next pause

}  // namespace

auto response_cache::impl::run() -> awaitable<void> {
  if (!backend_) co_return;
  const auto self = shared_from_this();
  keeper_executor_ = co_await boost::asio::this_coro::executor;
  // Why the session that is being opened was not: connections end on their own threads.
  auto reason = std::make_shared<std::pair<std::mutex, std::string>>();
  backend_->on_lost([weak = weak_from_this(), reason](const std::string& text) {
    {
      const std::lock_guard lock(reason->first);
      reason->second = text;
    }
    if (const auto engine = weak.lock()) engine->lose(engine->trust_.session(), text);
  });
  backend_->on_changed([weak = weak_from_this()](std::string_view key) {
    if (const auto engine = weak.lock()) engine->local_.generations.erase(key);
  });
  core::backoff pauses(settings_.shortest_pause, settings_.longest_pause);
  auto next_line = world_->now();
  while (!stopped_) {
    const auto identity = co_await backend_->open();
    if (identity) {
      if (logger_) logger_->info("[Redis] Connected successfully");
      const auto opened = world_->now();
      const auto session = trust_.begin(name_in_log(*identity));
      const auto kept = co_await keep_session(session, *identity);
      if (!stopped_ && !kept) lose(session, kept.error().message());
      if (world_->now() - opened > settled) pauses.reset();
      next_line = world_->now() + quiet;
    } else if (world_->now() >= next_line) {
      const std::lock_guard lock(reason->first);
      if (logger_)
        logger_->warn("[Redis] Connection lost: {} ({}). Caching bypassed; retrying.",
                      reason->second.empty() ? identity.error().message() : reason->second, backend_->address());
      next_line = world_->now() + quiet;
    }
    backend_->close();
    if (!stopped_) co_await world_->sleep(pauses.next(random_unit()));
  }
  co_await give_back();
}

// Returns when the session is over.
auto response_cache::impl::keep_session(std::uint64_t session, std::string server) -> awaitable<result<void>> {
  acknowledgements_.begin(session);
  local_.empty();
  const auto identity = name_in_log(server);
  relay_state here{session, server, identity, {}, {}};
  std::int64_t epoch = 0;
  // Without a lease first, until little is left: under one, the rest must not take longer than it lasts. From begin() on,
  // a write that commits sees a session and invalidates on it, and one that committed before is in what is read here.
  for (bool is_last = false; !is_last;) {
    const auto done = co_await relay_pass(here, std::chrono::milliseconds(0));
    if (!done) co_return done.error();
    credit(here, done->executed);
    start_recording(here.session, here.identity);
    epoch = done->epoch;
    is_last = done->is_last;
  }
  const auto claimed = world_->now();
  const auto nonce = co_await log_->claim(identity);
  if (!nonce) co_return nonce.error();
  claimed_at_ = claimed;
  here.nonce = *nonce;
  // The lease before the outbox is read again: a write committed before it is in what is read, and a later one sees the
  // lease and waits.
  const auto sent = world_->now();
  if (const auto taken = co_await put_lease(identity, epoch); !taken) co_return taken.error();
  for (;;) {
    const auto done = co_await relay_pass(here, std::chrono::milliseconds(0));
    if (!done) co_return done.error();
    if (done->is_last) {
      credit(here, done->executed);
      if (const auto leased = extend(here, sent); !leased) co_return leased.error();
      if (!trust_.establish(session, stamps_of(here, *done))) co_return errc::unavailable;
      break;
    }
    credit(here, done->executed);
    if (world_->now() - sent >= settings_.lease) co_return errc::lease_ended;
  }
  start_recording(here.session, here.identity);
  {
    const std::lock_guard lock(breaker_mutex_);
    breaker_.on_success();
    breaker_closed_ = true;
  }
  while (!stopped_ && trust_.session() == session) {
    co_await world_->sleep(settings_.period);
    if (stopped_ || trust_.session() != session) break;
    if (const auto done = co_await keep_period(here); !done) co_return done.error();
  }
  co_return result<void>();
}

auto response_cache::impl::keep_period(relay_state& here) -> awaitable<result<void>> {
  if (world_->now() - claimed_at_.load() > claim_ends) co_return errc::log_unavailable;
  const auto outcome = co_await relay_pass(here, settings_.period);
  if (!outcome) co_return outcome.error();
  // After the invalidations, role and identity again: a demoted or resynchronised server drops no idle client.
  const auto asked = world_->now();
  const auto now = co_await backend_->check();
  if (!now) co_return now.error();
  local_.heard_until(asked + 2 * settings_.period);
  if (*now != here.server) co_return errc::wrong_role;
  credit(here, outcome->executed);
  start_recording(here.session, here.identity);
  // The epochs before the lease that names them: a purge is answered as soon as it sees that.
  if (!trust_.establish(here.session, stamps_of(here, *outcome))) co_return errc::unavailable;
  const auto sent = world_->now();
  if (const auto renewed = co_await put_lease(here.identity, outcome->epoch); !renewed) co_return renewed.error();
  co_return extend(here, sent);
}

engine::stamps response_cache::impl::stamps_of(const relay_state& here, const passed& outcome) const {
  const auto everything = outcome.epochs.find(epoch_of_table());
  const auto holds = settings_.weakened.stamp_without_table ? here.server : with_table(here.server);
  return engine::stamps(settings_.deployment, holds, here.nonce, everything != outcome.epochs.end() ? everything->second : 0,
                        outcome.epochs);
}

// The lease that was sent at `sent` is there: the cache may be used until it ends.
result<void> response_cache::impl::extend(const relay_state& here, environment::steady_time sent) {
  const auto now = world_->now();
  // A renewal that answers after the old lease ended is no renewal: writers may have stopped waiting meanwhile.
  const bool is_first = trust_.until() == environment::steady_time();
  const bool is_late = is_first ? now >= sent + settings_.lease : now >= trust_.until();
  const bool leaseless = settings_.weakened.trust_without_lease;
  if (is_late && !leaseless && !settings_.weakened.accept_late_renewals) return errc::lease_ended;
  trust_.extend(here.session, leaseless ? environment::steady_time::max() : sent + settings_.lease);
  return {};
}

auto response_cache::impl::put_lease(std::string identity, std::int64_t epoch) -> awaitable<result<void>> {
  if (settings_.weakened.trust_without_lease) co_return result<void>();
  invalidation_log::lease wanted;
  wanted.node = node_;
  wanted.identity = std::move(identity);
  wanted.count = ++lease_count_;
  wanted.epoch = epoch;
  const auto put = co_await log_->put_lease(wanted);
  if (!put) co_return put.error();
  if (!*put) co_return errc::lease_ended;
  co_return result<void>();
}

// So that writers need not wait for the lease to end.
auto response_cache::impl::give_back() -> awaitable<void> {
  const auto self = shared_from_this();
  std::string nothing;
  (void)co_await put_lease(std::move(nothing), 0);
}

void response_cache::impl::lose(std::uint64_t session, std::string_view why) {
  if (!trust_.end(session)) return;
  backend_->close();
  local_.empty();
  if (stopped_) return;
  if (logger_) logger_->warn("[Redis] Connection lost: {}. Caching bypassed; retrying.", why);
  boost::asio::co_spawn(keeper_executor_, give_back(), boost::asio::detached);
}

void response_cache::impl::stop() noexcept {
  if (stopped_.exchange(true) || !backend_) return;
  trust_.end(trust_.session());
  backend_->close();
  if (logger_) logger_->info("[Redis] Connection closed");
}

}  // namespace reprise

// Keeps the cache in use: connect, claim, replay, trust; then, each period, the relay; when anything fails, lose it all and
// begin again. There is no other way back into use.
#include "src/engine/engine.hpp"

#include <algorithm>

namespace reprise {
namespace {

constexpr std::size_t replay_rows = 500;
constexpr std::chrono::seconds quiet{30};         // between two lines about the same outage
constexpr std::chrono::seconds claim_again{30};   // far within the hour after which an identity's nonce is drawn anew
constexpr std::chrono::seconds settled{10};       // a session that ends sooner does not shorten the next pause

}  // namespace

auto response_cache::impl::run() -> awaitable<void> {
  if (!backend_) co_return;
  const auto self = shared_from_this();
  // Why the session that is being opened was not: connections end on their own threads.
  auto reason = std::make_shared<std::pair<std::mutex, std::string>>();
  backend_->on_lost([weak = weak_from_this(), reason](const std::string& text) {
    {
      const std::lock_guard lock(reason->first);
      reason->second = text;
    }
    if (const auto engine = weak.lock()) engine->lose(engine->trust_.session(), text);
  });
  core::backoff pauses(settings_.shortest_pause, settings_.longest_pause);
  auto next_line = world_->now();
  while (!stopped_) {
    const auto identity = co_await backend_->open();
    if (identity) {
      if (logger_) logger_->info("[Redis] Connected successfully");
      const auto opened = world_->now();
      const auto session = trust_.begin();
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
}

// Returns when the session is over.
auto response_cache::impl::keep_session(std::uint64_t session, std::string identity) -> awaitable<result<void>> {
  // begin() was before this: a write that commits from here on sees a session and invalidates on it, and one that
  // committed before is in what replay() reads.
  auto nonce = co_await log_->claim(identity);
  auto claimed = world_->now();
  if (!nonce) co_return nonce.error();
  if (const auto done = co_await replay(session, identity, std::chrono::milliseconds(0)); !done) co_return done.error();
  if (const auto done = co_await renew_stamps(session, identity, *nonce); !done) co_return done.error();
  {
    const std::lock_guard lock(breaker_mutex_);
    breaker_.on_success();
    breaker_closed_ = true;
  }
  while (!stopped_ && trust_.session() == session) {
    co_await world_->sleep(settings_.period);
    if (stopped_ || trust_.session() != session) break;
    if (world_->now() - claimed > claim_again) {
      nonce = co_await log_->claim(identity);
      if (!nonce) co_return nonce.error();
      claimed = world_->now();
    }
    if (const auto done = co_await flush_acknowledgements(identity); !done) co_return done.error();
    if (const auto done = co_await replay(session, identity, settings_.period); !done) co_return done.error();
    // After the invalidations, role and identity again: a demoted or resynchronised server drops no idle client.
    const auto now = co_await backend_->check();
    if (!now) co_return now.error();
    if (*now != identity) co_return errc::wrong_role;
    if (const auto done = co_await renew_stamps(session, identity, *nonce); !done) co_return done.error();
  }
  co_return result<void>();
}

auto response_cache::impl::renew_stamps(std::uint64_t session, const std::string& identity, const std::string& nonce)
    -> awaitable<result<void>> {
  const auto epochs = co_await log_->epochs();
  if (!epochs) co_return epochs.error();
  trust_.establish(session, engine::stamps(settings_.deployment, identity, nonce, *epochs));
  co_return result<void>();
}

// Repeats the invalidations that this identity has not acknowledged, once for each scope.
auto response_cache::impl::replay(std::uint64_t session, const std::string& identity, std::chrono::milliseconds at_least)
    -> awaitable<result<void>> {
  for (;;) {
    const auto rows = co_await log_->pending(identity, at_least, replay_rows);
    if (!rows) co_return rows.error();
    if (rows->empty()) co_return result<void>();
    std::vector<std::string> generations;
    std::vector<std::int64_t> numbers;
    for (const auto& row : *rows) {
      numbers.push_back(row.number);
      for (const auto& one : row.scopes) generations.push_back(one.generation_key());
    }
    std::sort(generations.begin(), generations.end());
    generations.erase(std::unique(generations.begin(), generations.end()), generations.end());
    if (!generations.empty())
      if (const auto done = co_await backend_->invalidate(std::move(generations), std::chrono::seconds(1)); !done)
        co_return done.error();
    // Credited only to the session that executed it.
    if (trust_.session() != session) co_return errc::unavailable;
    if (const auto done = co_await log_->acknowledge(identity, std::move(numbers)); !done) co_return done.error();
    counters_.count_replays(rows->size());
    if (rows->size() < replay_rows) co_return result<void>();
  }
}

auto response_cache::impl::flush_acknowledgements(const std::string& identity) -> awaitable<result<void>> {
  std::vector<std::int64_t> rows;
  {
    const std::lock_guard lock(acknowledged_mutex_);
    rows.swap(acknowledged_);
  }
  if (rows.empty()) co_return result<void>();
  co_return co_await log_->acknowledge(identity, std::move(rows));
}

void response_cache::impl::lose(std::uint64_t session, std::string_view why) {
  if (!trust_.end(session)) return;
  {
    // What another session acknowledged is not to be credited to the next.
    const std::lock_guard lock(acknowledged_mutex_);
    acknowledged_.clear();
  }
  backend_->close();
  if (logger_ && !stopped_) logger_->warn("[Redis] Connection lost: {}. Caching bypassed; retrying.", why);
}

void response_cache::impl::stop() noexcept {
  if (stopped_.exchange(true) || !backend_) return;
  trust_.end(trust_.session());
  backend_->close();
  if (logger_) logger_->info("[Redis] Connection closed");
}

}  // namespace reprise

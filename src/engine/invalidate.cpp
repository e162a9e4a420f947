// A write's way through the cache: after its commit, before its reply.
#include "src/engine/engine.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace reprise {

auto response_cache::impl::invalidate(std::vector<scope> scopes, std::vector<std::int64_t> rows) -> awaitable<result<void>> {
  std::sort(scopes.begin(), scopes.end());
  scopes.erase(std::unique(scopes.begin(), scopes.end()), scopes.end());
  for (const auto& one : scopes) counters_.of(one.prefix()).invalidations.fetch_add(1, std::memory_order_relaxed);

  const auto session = trust_.session();
  // Nobody uses what is in there; whoever comes to use it replays the outbox first, where this write's rows are.
  if (session == 0) co_return errc::unavailable;
  std::vector<std::string> generations;
  generations.reserve(scopes.size());
  for (const auto& one : scopes) generations.push_back(one.generation_key());
  const auto began = world_->now();
  const auto done = co_await backend_->invalidate(std::move(generations), settings_.deadline);
  counters_.count_call(world_->now() - began, done.has_value());
  if (!done) {
    // Whether it was executed is unknown. Until the relay has repeated it, this process must not use the cache.
    lose(session, "an invalidation was not answered");
    co_return done.error();
  }
  if (trust_.session() == session && !rows.empty()) {
    const std::lock_guard lock(acknowledged_mutex_);
    acknowledged_.insert(acknowledged_.end(), rows.begin(), rows.end());
  }
  const auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::co_spawn(executor, tidy(std::move(scopes)), boost::asio::detached);
  co_return result<void>();
}

// What is dead already is removed, and counted for people: best effort, after the acknowledgement.
auto response_cache::impl::tidy(std::vector<scope> scopes) -> awaitable<void> {
  const auto self = shared_from_this();
  for (const auto& one : scopes) {
    const auto removed = co_await backend_->tidy(one.generation_key(), one.index_key(), std::chrono::seconds(1));
    if (!removed) co_return;  // its TTL will do it
    counters_.of(one.prefix()).invalidated_keys.fetch_add(*removed, std::memory_order_relaxed);
    if (logger_) logger_->info("[Cache] Invalidated {} keys matching: {}:*", *removed, one.name());
  }
}

auto response_cache::impl::invalidate_all(std::string prefix) -> awaitable<result<void>> {
  if (!is_valid_name(prefix)) co_return errc::invalid_name;
  const auto bumped = co_await log_->bump_epoch(prefix);
  if (!bumped) co_return bumped.error();
  // Each process reads the epochs in each period, and trusts nothing while it cannot (keeper.cpp); two periods are one
  // whole one, however they lie.
  co_await world_->sleep(2 * settings_.period);
  if (logger_) logger_->info("[Cache] Invalidated all keys matching: {}:* (epoch {})", prefix, *bumped);
  co_return result<void>();
}

}  // namespace reprise

// A write's way through the cache: after its commit, before its reply.
#include "reprise/trace.hpp"
#include "src/engine/engine.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace reprise {

auto response_cache::impl::invalidate(std::vector<scope> scopes, std::vector<std::int64_t> rows) -> awaitable<result<void>> {
  const auto self = shared_from_this();
  const auto executor = co_await boost::asio::this_coro::executor;
  span work(executor, "invalidate");
  std::sort(scopes.begin(), scopes.end());
  scopes.erase(std::unique(scopes.begin(), scopes.end()), scopes.end());
  work.set("reprise.scopes", static_cast<std::int64_t>(scopes.size()));
  for (const auto& one : scopes) counters_.of(one.prefix()).invalidations.fetch_add(1, std::memory_order_relaxed);

  // Where there is no session, or its answer does not come in time, the rows stay: whoever uses a Redis that has not
  // acknowledged them repeats them, this process's relay among others, while the write waits below.
  if (rows.empty()) {
    auto appended = co_await log_->append(scopes);
    if (!appended) {
      work.fail();
      co_return appended.error();
    }
    rows = std::move(*appended);
  }
  const auto touched = generation_keys_of(scopes);
  if (trust_.session() == 0)  // else tidy() tells, with what it has removed
    for (const auto& one : scopes) tell_invalidated(one.name(), 0);
  auto executed = co_await invalidate_here(std::move(scopes), rows);
  if (settings_.weakened.answer_without_waiting) co_return result<void>();
  const auto began = world_->now();
  std::string own;
  if (executed) own = std::move(*executed);
  const auto told = co_await observer_->rows_acknowledged(std::move(rows), std::move(own));
  counters_.count_wait(world_->now() - began, told.has_value());
  if (!told) work.fail();
  // What was waited for may have been executed by another node of this Redis, whose news is still on its way here.
  if (!executed) forget(touched);
  co_return told;
}

std::vector<std::string> response_cache::impl::generation_keys_of(const std::vector<scope>& scopes) const {
  std::vector<std::string> keys;
  keys.reserve(scopes.size());
  for (const auto& one : scopes) keys.push_back(one.generation_key(keys_));
  return keys;
}

// Executed or not: what is asked for again is asked of the backend.
auto response_cache::impl::remove(const std::vector<std::string>& generation_keys, duration limit) -> awaitable<result<void>> {
  const auto done = co_await backend_->invalidate(generation_keys, limit);
  forget(generation_keys);
  co_return done;
}

void response_cache::impl::forget(const std::vector<std::string>& generation_keys) {
  for (const auto& key : generation_keys) local_.generations.erase(key);
}

// On this process's own Redis. Returns the identity that has executed it.
auto response_cache::impl::invalidate_here(std::vector<scope> scopes, const std::vector<std::int64_t>& rows)
    -> awaitable<result<std::string>> {
  auto at = trust_.now_connected();
  if (at.session == 0) co_return errc::unavailable;
  const auto generations = generation_keys_of(scopes);
  const auto began = world_->now();
  const auto done = co_await remove(generations, settings_.deadline);
  counters_.count_call(world_->now() - began, done.has_value());
  if (!done) {
    if (done.error() == errc::wrong_role) lose(at.session, "the server is no master any more");
    co_return done.error();
  }
  // Executed, but perhaps elsewhere: it counts only under the trust that it was sent with.
  if (trust_.session() != at.session) co_return errc::unavailable;
  acknowledgements_.add(at.session, rows);
  const auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::co_spawn(executor, tidy(std::move(scopes)), boost::asio::detached);
  co_return std::move(at.identity);
}

// What is dead already is removed, and counted for people: best effort, after the acknowledgement.
auto response_cache::impl::tidy(std::vector<scope> scopes) -> awaitable<void> {
  const auto self = shared_from_this();
  bool is_answering = true;
  for (const auto& one : scopes) {
    if (!is_answering) {  // what is left, its TTL will remove
      tell_invalidated(one.name(), 0);
      continue;
    }
    const auto removed = co_await backend_->tidy(one.generation_key(keys_), one.index_key(keys_), std::chrono::seconds(1));
    is_answering = removed.has_value();
    tell_invalidated(one.name(), removed ? *removed : 0);
    if (!removed) continue;
    counters_.of(one.prefix()).invalidated_keys.fetch_add(*removed, std::memory_order_relaxed);
    if (logger_) logger_->info("[Cache] Invalidated {} keys matching: {}:*", *removed, one.stem(keys_));
  }
}

auto response_cache::impl::await_acknowledged(std::vector<std::int64_t> rows) -> awaitable<result<void>> {
  const auto self = shared_from_this();
  const auto began = world_->now();
  std::string nobody;
  const auto told = co_await observer_->rows_acknowledged(std::move(rows), std::move(nobody));
  counters_.count_wait(world_->now() - began, told.has_value());
  local_.generations.clear();  // nobody here knows which of them
  co_return told;
}

auto response_cache::impl::invalidate_all(std::string prefix) -> awaitable<result<void>> {
  const auto self = shared_from_this();
  if (!is_valid_name(prefix)) co_return errc::invalid_name;
  const auto bumped = co_await log_->bump_epoch(prefix);
  if (!bumped) co_return bumped.error();
  const auto reached = co_await observer_->epoch_reached(*bumped);
  if (!reached) co_return reached.error();
  if (logger_) logger_->info("[Cache] Invalidated all keys matching: {}:* (epoch {})", prefix, *bumped);
  tell_invalidated(prefix + ":*", 0);
  co_return result<void>();
}

}  // namespace reprise

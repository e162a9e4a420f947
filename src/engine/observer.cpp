#include "src/engine/observer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace reprise::engine {

using boost::asio::awaitable;

auto observer::rows_acknowledged(std::vector<invalidation_log::row_number> rows, std::string own)
    -> awaitable<result<void>> {
  auto who = std::make_shared<waiter>();
  who->rows = std::move(rows);
  who->own = std::move(own);
  return wait(std::move(who));
}

auto observer::epoch_reached(std::int64_t epoch) -> awaitable<result<void>> {
  auto who = std::make_shared<waiter>();
  who->epoch = epoch;
  return wait(std::move(who));
}

auto observer::wait(std::shared_ptr<waiter> who) -> awaitable<result<void>> {
  const auto self = shared_from_this();
  who->deadline = world_->now() + times_.limit;
  const auto executor = co_await boost::asio::this_coro::executor;
  co_await park([&](parked handle) {
    bool begins = false;
    {
      const std::lock_guard lock(mutex_);
      who->handle = std::move(handle);
      joined_.push_back(who);
      ++waiting_;
      begins = !std::exchange(watching_, true);
    }
    if (begins) boost::asio::co_spawn(executor, watch(), boost::asio::detached);
  });
  const std::lock_guard lock(mutex_);
  --waiting_;
  if (!who->done) co_return errc::not_acknowledged;
  co_return result<void>();
}

auto observer::watch() -> awaitable<void> {
  const auto self = shared_from_this();
  waiters now;
  for (;;) {
    now = take_new(std::move(now));
    if (now.empty()) co_return;
    co_await look(now);
    const auto time = world_->now();
    std::erase_if(now, [&](const std::shared_ptr<waiter>& who) {
      if (!who->done && time < who->deadline) return false;
      who->handle.wake();
      return true;
    });
    // Those who joined while we looked are looked for at once; those who wait on, wait for others' relays.
    const bool some_are_new = [&] {
      const std::lock_guard lock(mutex_);
      return !joined_.empty();
    }();
    if (!now.empty() && !some_are_new) co_await world_->sleep(times_.pause);
  }
}

// Everybody who joined before a reading is sent has committed before it: the reading shows the leases that matter.
observer::waiters observer::take_new(waiters still) {
  const std::lock_guard lock(mutex_);
  still.insert(still.end(), joined_.begin(), joined_.end());
  joined_.clear();
  if (still.empty()) watching_ = false;
  return still;
}

auto observer::look(const waiters& now) -> awaitable<void> {
  // Nearly always the first reading shows only leases of the identity that has executed the invalidation: so it asks
  // for no row.
  std::vector<invalidation_log::row_number> rows;
  for (const auto& who : now)
    if (who->has_looked) rows.insert(rows.end(), who->rows.begin(), who->rows.end());
  const auto sent = world_->now();
  const auto seen = co_await log_->observe(std::move(rows));
  if (!seen) co_return;
  note(seen->leases, sent);
  for (auto& ended : over()) {
    // Whether it was set to nothing does not matter for these writes; it spares the next ones their wait.
    ++ended.count;
    ended.identity.clear();
    (void)co_await log_->put_lease(ended);
  }
  std::vector<invalidation_log::row_number> awaited;
  for (const auto& who : now) {
    const bool is_first = !who->has_looked;
    who->done = is_settled(*who, *seen);
    if (is_first && !who->done) awaited.insert(awaited.end(), who->rows.begin(), who->rows.end());
  }
  if (!awaited.empty()) (void)co_await log_->await_rows(std::move(awaited));
}

void observer::note(const std::vector<invalidation_log::lease>& leases, environment::steady_time sent) {
  const auto received = world_->now();
  std::map<std::string, seen_lease> fresh;
  for (const auto& one : leases) {
    const auto before = seen_.find(one.node);
    if (before == seen_.end() || before->second.lease.count != one.count) {
      fresh.emplace(one.node, seen_lease{one, received, false});
      continue;
    }
    auto same = before->second;
    same.lease = one;
    same.is_over = same.is_over || sent - same.since > times_.lease + times_.margin;
    fresh.emplace(one.node, std::move(same));
  }
  seen_ = std::move(fresh);
}

std::vector<invalidation_log::lease> observer::over() {
  std::vector<invalidation_log::lease> ended;
  for (const auto& [node, one] : seen_)
    if (one.is_over && !one.lease.identity.empty()) ended.push_back(one.lease);
  return ended;
}

bool observer::is_settled(waiter& who, const invalidation_log::observation& seen) const {
  const auto lacks = [&](const seen_lease& one) {
    if (one.lease.identity.empty() || one.is_over) return false;
    return who.epoch != 0 ? one.lease.epoch < who.epoch : one.lease.identity != who.own;
  };
  if (!std::exchange(who.has_looked, true)) {
    // A lease that is taken later does not matter: its node reads the outbox, and the epoch, after that.
    for (const auto& [node, one] : seen_)
      if (lacks(one)) who.open.emplace(node, one.lease.identity);
    return who.open.empty();
  }
  const auto has_acknowledged = [&](const std::string& identity) {
    return !who.rows.empty() && std::all_of(who.rows.begin(), who.rows.end(), [&](auto number) {
      const auto row = seen.acknowledged.find(number);
      return row == seen.acknowledged.end() || std::find(row->second.begin(), row->second.end(), identity) != row->second.end();
    });
  };
  std::erase_if(who.open, [&](const auto& open) {
    const auto now = seen_.find(open.first);
    if (now == seen_.end() || now->second.lease.identity != open.second || !lacks(now->second)) return true;
    return has_acknowledged(open.second);
  });
  return who.open.empty();
}

std::size_t observer::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

}  // namespace reprise::engine

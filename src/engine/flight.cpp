#include "src/engine/flight.hpp"

namespace reprise::engine {

boost::asio::awaitable<shared_result> flight::wait() {
  co_await park([this](parked waiter) {
    const std::lock_guard lock(mutex_);
    if (done_)
      waiter.wake();
    else
      waiters_.push_back(std::move(waiter));
  });
  const std::lock_guard lock(mutex_);
  co_return result_;
}

void flight::finish(shared_result result) {
  const std::lock_guard lock(mutex_);
  if (done_) return;
  done_ = true;
  result_ = std::move(result);
  for (auto& waiter : waiters_) waiter.wake();
  waiters_.clear();
}

std::shared_ptr<flight> fills::find(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto at = flights_.find(key);
  return at != flights_.end() ? at->second : nullptr;
}

std::pair<std::shared_ptr<flight>, bool> fills::join(const std::string& key) {
  const std::lock_guard lock(mutex_);
  auto& place = flights_[key];
  if (place) return {place, false};
  place = std::make_shared<flight>();
  return {place, true};
}

void fills::remove(const std::string& key, const std::shared_ptr<flight>& which) {
  const std::lock_guard lock(mutex_);
  const auto at = flights_.find(key);
  if (at != flights_.end() && at->second == which) flights_.erase(at);
}

bypasses::place bypasses::enter(const std::string& key) {
  const std::lock_guard lock(mutex_);
  auto& here = slots_[key];
  if (!here.running) {
    here.running = std::make_shared<flight>();
    here.begun = false;
    return {here.running, nullptr, nullptr};
  }
  if (!here.begun) return {nullptr, nullptr, here.running};
  if (here.queued) return {nullptr, nullptr, here.queued};
  here.queued = std::make_shared<flight>();
  return {here.queued, here.running, nullptr};
}

void bypasses::begin(const std::string& key, const std::shared_ptr<flight>& which) {
  const std::lock_guard lock(mutex_);
  auto& here = slots_[key];
  if (here.running == which) here.begun = true;
}

void bypasses::remove(const std::string& key, const std::shared_ptr<flight>& which) {
  const std::lock_guard lock(mutex_);
  const auto at = slots_.find(key);
  if (at == slots_.end()) return;
  if (at->second.queued == which) at->second.queued = nullptr;
  if (at->second.running == which) {
    // The queued one moves up before its leader resumes; its read has not begun, so it may still be joined.
    at->second.running = std::exchange(at->second.queued, nullptr);
    at->second.begun = false;
  }
  if (!at->second.running) slots_.erase(at);
}

}  // namespace reprise::engine

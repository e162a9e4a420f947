#include "src/engine/origin_gate.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace reprise::engine {

boost::asio::awaitable<origin_gate::place> origin_gate::enter() {
  {
    const std::lock_guard lock(mutex_);
    if (taken_ < places_) {
      ++taken_;
      co_return place(shared_from_this());
    }
    if (queue_.size() >= 4 * places_) co_return place();
  }
  const auto mine = std::make_shared<ticket>();
  const auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::co_spawn(executor, time_out(mine), boost::asio::detached);
  co_await park([&](parked waiter) {
    const std::lock_guard lock(mutex_);
    if (taken_ < places_) {  // one became free since
      ++taken_;
      mine->entered = true;
      waiter.wake();
      return;
    }
    mine->waiter = std::move(waiter);
    queue_.push_back(mine);
  });
  co_return place(mine->entered ? shared_from_this() : nullptr);
}

void origin_gate::leave() {
  const std::lock_guard lock(mutex_);
  if (queue_.empty()) {
    --taken_;
    return;
  }
  // The place goes to the first in the queue, and stays taken.
  auto next = std::move(queue_.front());
  queue_.pop_front();
  next->entered = true;
  next->waiter.wake();
}

boost::asio::awaitable<void> origin_gate::time_out(std::shared_ptr<ticket> who) {
  const auto self = shared_from_this();
  co_await world_->sleep(longest_wait_);
  const std::lock_guard lock(mutex_);
  if (!who->waiter) co_return;
  queue_.remove(who);
  who->waiter.wake();
}

std::size_t origin_gate::taken() const {
  const std::lock_guard lock(mutex_);
  return taken_;
}

}  // namespace reprise::engine

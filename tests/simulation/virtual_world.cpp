#include "tests/simulation/virtual_world.hpp"

#include <algorithm>

namespace reprise::simulation {

virtual_world::~virtual_world() = default;

void virtual_world::after(duration delay, task what, const actor* whose) {
  events_.push_back({now_ + std::max(delay, duration::zero()), ++numbers_, std::move(what), whose});
  std::push_heap(events_.begin(), events_.end(), is_later());
}

asio::awaitable<void> virtual_world::sleep(duration delay, const actor* whose) {
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [&](auto handler) {
        after(delay, [handler = std::move(handler)]() mutable { std::move(handler)(); }, whose);
      },
      asio::use_awaitable);
}

void virtual_world::run_until(moment end) {
  for (;;) {
    io.restart();
    io.poll();
    if (events_.empty() || events_.front().time > end) break;
    std::pop_heap(events_.begin(), events_.end(), is_later());
    auto next = std::move(events_.back());
    events_.pop_back();
    now_ = std::max(now_, next.time);
    if (next.whose != nullptr && next.whose->paused_until > now_) {
      after(next.whose->paused_until - now_, std::move(next.what), next.whose);
      continue;
    }
    next.what();
  }
  now_ = std::max(now_, end);
}

std::string virtual_environment::random_hex(std::size_t bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string hex(bytes * 2, '0');
  for (std::size_t i = 0; i < hex.size();) {
    auto bits = in_.random.next();
    for (int k = 0; k < 16 && i < hex.size(); ++k, bits >>= 4) hex[i++] = digits[bits & 15];
  }
  return hex;
}

}  // namespace reprise::simulation

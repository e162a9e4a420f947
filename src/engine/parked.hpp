// A coroutine that waits for another thread to wake it, and wakes on its own executor.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace reprise::engine {

class parked {
 public:
  parked() = default;
  parked(boost::asio::any_io_executor executor, boost::asio::any_completion_handler<void()> handler)
      : executor_(std::move(executor)), handler_(std::move(handler)) {}
  explicit operator bool() const noexcept { return static_cast<bool>(handler_); }
  // Wakes it, once. Any thread.
  void wake() {
    if (handler_) boost::asio::post(executor_, [handler = std::exchange(handler_, {})]() mutable { std::move(handler)(); });
  }

 private:
  boost::asio::any_io_executor executor_;
  boost::asio::any_completion_handler<void()> handler_;
};

// Suspends the caller and hands it to `keep(parked)`, which must see to it that it is woken.
template <class Keep>
boost::asio::awaitable<void> park(Keep keep) {
  const auto executor = co_await boost::asio::this_coro::executor;
  co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
      [&](auto handler) { keep(parked(executor, std::move(handler))); }, boost::asio::use_awaitable);
}

}  // namespace reprise::engine

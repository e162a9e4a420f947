// What tests of backends and of the engine run on: io_contexts with exactly one thread each, and waits with a limit.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace reprise::testing {

namespace asio = boost::asio;

// What takes longer than this hangs: far more than any sanitizer on a busy machine needs.
inline constexpr std::chrono::seconds longest_wait{60};

template <class T>
T take(std::future<T> future) {
  if (future.wait_for(longest_wait) != std::future_status::ready) throw std::runtime_error("it hangs");
  return future.get();
}

// Waits until the condition holds; false where it never does.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds limit = longest_wait) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

// The same within a coroutine.
template <class Condition>
asio::awaitable<bool> comes_true(Condition condition) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  const auto end = std::chrono::steady_clock::now() + longest_wait;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) co_return false;
    timer.expires_after(std::chrono::milliseconds(1));
    co_await timer.async_wait(asio::use_awaitable);
  }
  co_return true;
}

class io_threads {
 public:
  explicit io_threads(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      contexts_.push_back(std::make_unique<asio::io_context>(1));
      guards_.push_back(asio::make_work_guard(*contexts_.back()));
      threads_.emplace_back([context = contexts_.back().get()] { context->run(); });
    }
  }
  // Lets what is under way end by itself, within a limit: a frame destroyed with its context may hold what another, already
  // destroyed, context owns.
  ~io_threads() {
    guards_.clear();
    const auto ended = [this] {
      return std::all_of(contexts_.begin(), contexts_.end(), [](const auto& each) { return each->stopped(); });
    };
    (void)eventually(ended, std::chrono::seconds(5));
    for (const auto& each : contexts_) each->stop();
    for (auto& each : threads_) each.join();
  }
  io_threads(const io_threads&) = delete;

  std::size_t size() const noexcept { return contexts_.size(); }
  asio::any_io_executor executor(std::size_t i = 0) const { return contexts_[i % contexts_.size()]->get_executor(); }
  std::vector<asio::any_io_executor> executors() const {
    std::vector<asio::any_io_executor> all;
    for (std::size_t i = 0; i < size(); ++i) all.push_back(executor(i));
    return all;
  }
  // Starts it on the i-th thread.
  template <class T>
  std::future<T> start(asio::awaitable<T> what, std::size_t i = 0) const {
    return asio::co_spawn(executor(i), std::move(what), asio::use_future);
  }
  // Runs it on the i-th thread to its end.
  template <class T>
  T wait(asio::awaitable<T> what, std::size_t i = 0) const {
    return take(start(std::move(what), i));
  }

 private:
  std::vector<std::unique_ptr<asio::io_context>> contexts_;
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> guards_;
  std::vector<std::thread> threads_;
};

}  // namespace reprise::testing

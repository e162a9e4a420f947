// What engine tests stand on: I/O threads, an origin with a gate, and a log that keeps its rows as an outbox does.
#pragma once

#include "reprise/backends.hpp"
#include "reprise/response_cache.hpp"
#include "src/engine/log_tables.hpp"
#include "tests/support/redis_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace reprise::testing {

namespace asio = boost::asio;

// Contexts that one thread each runs. Declare it before what its coroutines use, and stop() it before that goes.
class io {
 public:
  explicit io(std::size_t threads) {
    for (std::size_t i = 0; i < threads; ++i) {
      contexts_.push_back(std::make_unique<asio::io_context>(1));
      guards_.emplace_back(contexts_.back()->get_executor());
      threads_.emplace_back([this, context = contexts_.back().get()] {
        context->run();
        ++ended_;
      });
    }
  }
  ~io() { stop(); }
  // Lets what is under way end by itself, within a limit: a frame destroyed with its context may hold what another,
  // already destroyed, context owns.
  void stop() {
    guards_.clear();
    for (int i = 0; i < 500 && ended_ < threads_.size(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    for (auto& context : contexts_) context->stop();
    for (auto& thread : threads_)
      if (thread.joinable()) thread.join();
  }
  asio::io_context& context(std::size_t i) { return *contexts_[i % contexts_.size()]; }
  std::vector<asio::any_io_executor> executors() {
    std::vector<asio::any_io_executor> all;
    for (auto& context : contexts_) all.emplace_back(context->get_executor());
    return all;
  }
  template <class T>
  std::future<T> spawn(asio::awaitable<T> work, std::size_t thread = 0) {
    return asio::co_spawn(context(thread), std::move(work), asio::use_future);
  }
  template <class T>
  T run(asio::awaitable<T> work, std::size_t thread = 0) {
    auto answer = spawn(std::move(work), thread);
    if (answer.wait_for(std::chrono::seconds(60)) != std::future_status::ready) throw std::runtime_error("hung");
    return answer.get();
  }

 private:
  std::vector<std::unique_ptr<asio::io_context>> contexts_;
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> guards_;
  std::atomic<std::size_t> ended_{0};
  std::vector<std::thread> threads_;
};

// Waits for an event, with a limit.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

// A value that is read and written as a store's would be, with a gate that holds a reader after it has read.
class gated_origin {
 public:
  std::atomic<int> value{0}, reads{0}, held{0};
  std::atomic<bool> gate_closed{false};

  origin read() {
    return [this]() -> asio::awaitable<origin_reply> {
      const int seen = value.load();
      ++reads;
      if (gate_closed) {
        ++held;
        const auto world = make_environment();
        while (gate_closed) co_await world->sleep(std::chrono::milliseconds(1));
        --held;
      }
      origin_reply reply;
      reply.content_type = "application/json";
      reply.body = "{\"value\":" + std::to_string(seen) + "}";
      co_return reply;
    };
  }
};

// A log in memory, with one thing that a store's write does: commit a row.
class memory_log : public invalidation_log {
 public:
  std::int64_t commit(std::vector<scope> scopes) {
    const std::lock_guard lock(mutex_);
    return tables_->add(std::move(scopes), world_->now());
  }
  // A row of which nobody here can tell what it invalidates.
  std::int64_t commit_unreadable() {
    const std::lock_guard lock(mutex_);
    return *unreadable_.insert(tables_->add({}, world_->now())).first;
  }
  std::size_t rows() const {
    const std::lock_guard lock(mutex_);
    return tables_->rows();
  }
  // Rows, claims and leases: as if another log stood in its place.
  void forget_everything() {
    const std::lock_guard lock(mutex_);
    tables_ = std::make_unique<engine::log_tables>("another nonce");
  }
  awaitable<std::string> claim(std::string identity) override {
    const std::lock_guard lock(mutex_);
    co_return tables_->claim(identity, world_->now());
  }
  awaitable<std::vector<row_number>> append(std::vector<scope> scopes) override {
    co_return std::vector<row_number>(1, commit(std::move(scopes)));
  }
  awaitable<pass> read_pass(const pass_request& wanted) override {
    const std::lock_guard lock(mutex_);
    auto found = tables_->read_pass(wanted, world_->now());
    for (auto& one : found.rows) one.is_everything = unreadable_.contains(one.number);
    co_return found;
  }
  awaitable<void> acknowledge(std::string identity, std::vector<row_number> numbers) override {
    const std::lock_guard lock(mutex_);
    tables_->acknowledge(identity, numbers, world_->now());
    co_return result<void>();
  }
  awaitable<void> await_rows(std::vector<row_number> numbers) override {
    const std::lock_guard lock(mutex_);
    tables_->await_rows(numbers);
    co_return result<void>();
  }
  awaitable<std::int64_t> bump_epoch(std::string prefix) override {
    const std::lock_guard lock(mutex_);
    co_return tables_->bump_epoch(prefix);
  }
  awaitable<bool> put_lease(const lease& wanted) override {
    const std::lock_guard lock(mutex_);
    co_return tables_->put_lease(wanted);
  }
  awaitable<observation> observe(std::vector<row_number> numbers) override {
    const std::lock_guard lock(mutex_);
    co_return tables_->observe(numbers);
  }

 private:
  const std::shared_ptr<environment> world_ = make_environment();
  mutable std::mutex mutex_;
  std::set<std::int64_t> unreadable_;
  std::unique_ptr<engine::log_tables> tables_ = std::make_unique<engine::log_tables>("nonce");
};

}  // namespace reprise::testing

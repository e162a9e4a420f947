// The I/O threads: n io_contexts, each run by exactly one thread, so that what lives on one needs no locks. Work that
// blocks or burns CPU does not belong here: it would stall every connection of that thread.
//
// Thread safety: construct, start(), finish(), stop() and join() from one thread; context() and posting to it from any.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace bookings::http {

class io_threads {
 public:
  // REQUIRES: count > 0. Nothing runs before start().
  explicit io_threads(std::size_t count);
  // Stops and joins. What is still suspended is destroyed with the contexts: what it uses must outlive this object.
  ~io_threads();
  io_threads(const io_threads&) = delete;
  io_threads& operator=(const io_threads&) = delete;

  boost::asio::io_context& context(std::size_t index) noexcept { return *contexts_[index]; }
  std::size_t size() const noexcept { return contexts_.size(); }

  // Starts the threads, named "io-<index>". An exception that escapes a handler is a broken invariant: it is logged,
  // and the process terminates.
  void start();
  // Waits until all work is done and the threads have returned, at most for `longest`. False where something is still
  // suspended: only stop() ends that. Not from one of the threads. Preferred to stop(): a frame that is destroyed with
  // its context may hold a timer or a socket of another context, which is gone by then.
  bool finish(std::chrono::steady_clock::duration longest);
  // Makes all threads return as soon as their present handler does. Idempotent.
  void stop();
  // Waits for the threads. Not from one of them. Idempotent.
  void join();

 private:
  using work_guard = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;

  void run(std::size_t index) noexcept;

  std::vector<std::unique_ptr<boost::asio::io_context>> contexts_;
  std::vector<work_guard> guards_;
  std::mutex mutex_;  // guards running_
  std::condition_variable returned_;
  std::size_t running_ = 0;  // threads that have not returned
  std::vector<std::thread> threads_;
};

}  // namespace bookings::http

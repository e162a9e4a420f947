// The connections of one I/O thread. The listener has one shard for each thread and hands new connections to it.
//
// Thread safety: all of it runs on the shard's thread, but post() and connections(), which any thread may call.
#pragma once

#include "server/http/session.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <cstddef>
#include <list>
#include <memory>
#include <utility>

namespace bookings::http {

// A file descriptor that is closed with its owner: a connection on its way to its thread.
class descriptor {
 public:
  explicit descriptor(int number) noexcept : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(other.release()) {}
  descriptor& operator=(descriptor&&) = delete;
  ~descriptor();
  int get() const noexcept { return number_; }
  int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_;
};

class shard : public std::enable_shared_from_this<shard> {
 public:
  shard(boost::asio::io_context& context, std::shared_ptr<const session_host> host);

  // From any thread: runs `task(*this)` on the shard's thread.
  template <class Task>
  void post(Task task) {
    boost::asio::post(context_, [self = shared_from_this(), task = std::move(task)]() mutable { task(*self); });
  }
  // From any thread: the connections that are open, and those on their way here.
  std::size_t connections() const noexcept { return connections_.load(std::memory_order_relaxed); }
  void expect_connection() noexcept { connections_.fetch_add(1, std::memory_order_relaxed); }

  // Holds the deadlines of all sessions against the clock, until the shard is drained.
  void start_sweep();
  // Begins a session. REQUIRES: expect_connection() was called for it.
  void adopt(descriptor connection);
  void close_idle();
  void close_all();

 private:
  boost::asio::awaitable<void> sweep();
  boost::asio::awaitable<void> serve(std::shared_ptr<session> client);

  boost::asio::io_context& context_;
  std::shared_ptr<const session_host> host_;
  std::list<session*> sessions_;
  std::atomic<std::size_t> connections_{0};
};

}  // namespace bookings::http

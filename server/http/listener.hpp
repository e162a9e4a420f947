// Accepts connections and deals them out to the I/O threads, one after the other in turn; each connection then stays on
// its thread.
//
// Thread safety: construct and start() before or after io_threads::start(), from one thread; port(), connections() and
// drain() from any. REQUIRES: destroyed before the io_threads, and after their join() or a finished drain().
#pragma once

#include "server/http/io_threads.hpp"
#include "server/http/session.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace bookings::http {

struct listener_options {
  std::string host = "127.0.0.1";         // an address, or a name: then its first address
  std::uint16_t port = 0;                 // 0: the system picks one
  std::size_t most_connections = 10'000;  // one more gets a 503 and is closed
  session_limits limits;
  trusted_proxies proxies = {};  // whose X-Forwarded-For and X-Forwarded-Proto count
  cors origins = {};             // pages of which origins may call from browsers
};

class listener {
 public:
  // Opens the port, so that a client may connect from now on. Throws boost::system::system_error where that fails.
  listener(io_threads& threads, listener_options options, request_handler handle);
  ~listener();
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  // Begins to accept.
  void start();

  // The port that is really open.
  std::uint16_t port() const noexcept;
  // How many connections are open.
  std::size_t connections() const noexcept;

  // Stops accepting, closes idle connections at once, lets requests under way finish (their replies say "Connection:
  // close"), and at the deadline closes what is left. Returns when nothing is open or shortly after the deadline;
  // handlers that still run then are left to the end of the I/O threads. Never throws; the listener must outlive it.
  boost::asio::awaitable<void> drain(std::chrono::steady_clock::time_point deadline);

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace bookings::http

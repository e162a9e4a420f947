// What the engine takes from the world besides Redis and the store: time, waiting and randomness. Injected, so that tests
// and simulations can run the shipping engine on a clock of their own.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace reprise {

// Thread-safe.
class environment {
 public:
  using wall_time = std::chrono::sys_time<std::chrono::milliseconds>;  // UTC
  using steady_time = std::chrono::steady_clock::time_point;  // of a clock that never jumps

  virtual ~environment() = default;
  // UTC: for an entry's age and freshness only, never compared with another machine's for correctness.
  virtual wall_time wall() const = 0;
  // For leases, budgets, pauses and deadlines: it never jumps, and it goes on while the machine is suspended (a lease must
  // not be stretched by that). Only differences between its own values mean anything.
  virtual steady_time now() const = 0;
  // Resumes on the caller's executor. Ends early, without an error, where the coroutine is cancelled.
  virtual boost::asio::awaitable<void> sleep(std::chrono::steady_clock::duration pause) = 0;
  // `bytes` unpredictable bytes as twice as many hex digits.
  virtual std::string random_hex(std::size_t bytes) = 0;
};

std::shared_ptr<environment> make_environment();  // the machine's own clocks and randomness

}  // namespace reprise

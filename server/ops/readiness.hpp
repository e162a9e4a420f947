// May traffic be sent here? What /ready says, and whether anybody listens to it.
#pragma once

#include <atomic>
#include <chrono>

namespace bookings::ops {

// Thread-safe.
class readiness {
 public:
  using clock = std::chrono::steady_clock;

  // From now on the answer is no.
  void begin_draining() noexcept { draining_ = true; }
  bool is_draining() const noexcept { return draining_; }

  // /ready was asked.
  void note_question() noexcept { asked_ = clock::now().time_since_epoch().count(); }
  // Has anybody asked within that time? A load balancer has: it is worth waiting until it asks again.
  bool is_watched(clock::duration within) const noexcept {
    const auto asked = asked_.load();
    return asked != 0 && clock::now().time_since_epoch() - clock::duration(asked) < within;
  }

 private:
  std::atomic<bool> draining_{false};
  std::atomic<clock::rep> asked_{0};  // 0: never
};

}  // namespace bookings::ops

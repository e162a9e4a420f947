// Circuit breaker: after a few failures in a row calls are not tried for a while, then one is. Pure: the caller brings the
// time. Not thread-safe: the engine keeps one under a lock that only failures and an open breaker take.
//
//   closed ── `threshold` failures in a row ──► open ── its pause is over: one call is let through ──► half open
//     ▲                                           ▲                                                      │
//     └───────────── success ─────────────────────┼────────────────────── failure: a longer pause ◄──────┤
//     └──────────────────────────────────────────────────────────────────────────── success ◄────────────┘
#pragma once

#include "src/core/backoff.hpp"

#include <chrono>

namespace reprise::core {

class breaker {
 public:
  using time = std::chrono::steady_clock::time_point;
  enum class state { closed, open, half_open };

  breaker(unsigned threshold, backoff pauses) noexcept : threshold_(threshold), pauses_(pauses) {}

  // May a call be tried now? In half_open only the one call that made it so.
  bool allows(time now) noexcept;
  void on_success() noexcept;
  // `random` in [0,1): the jitter of the pause that this failure may begin.
  void on_failure(time now, double random) noexcept;
  enum state state() const noexcept { return state_; }

 private:
  unsigned threshold_;
  backoff pauses_;
  unsigned failures_ = 0;
  time until_{};
  enum state state_ = state::closed;
};

}  // namespace reprise::core

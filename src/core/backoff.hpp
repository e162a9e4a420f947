// Growing pauses with jitter: the n-th is uniform in the upper half of min(shortest * 2^n, longest). ("Equal jitter" of
// Brooker, "Exponential Backoff And Jitter", 2015: no pause is so short that many clients hammer together.)
#pragma once

#include <algorithm>
#include <chrono>

namespace reprise::core {

class backoff {
 public:
  using duration = std::chrono::steady_clock::duration;

  backoff(duration shortest, duration longest) noexcept : shortest_(shortest), longest_(longest), current_(shortest) {}

  // `random` in [0,1).
  duration next(double random) noexcept {
    const auto pause = current_;
    current_ = std::min(current_ * 2, longest_);
    return pause / 2 + std::chrono::duration_cast<duration>(pause / 2 * random);
  }
  void reset() noexcept { current_ = shortest_; }
  duration longest() const noexcept { return longest_; }

 private:
  duration shortest_, longest_, current_;
};

}  // namespace reprise::core

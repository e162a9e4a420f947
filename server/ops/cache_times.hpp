// How long requests of cached routes took, by how the cache answered: for the dashboard, which shows percentiles of any
// interval as the difference of two snapshots.
//
// Thread-safe. Each thread counts in a part of its own by relaxed atomics; there are 16, so that more threads share
// them.
#pragma once

#include "reprise/response_cache.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace bookings::ops {

class cache_times {
 public:
  static constexpr std::size_t outcomes = 3;  // in the order of reprise::outcome
  // Microseconds by powers of two, each in eighths: a bucket is at most an eighth wide. The last begins at 62 s.
  static constexpr std::size_t buckets = 200;
  using counts = std::array<std::uint64_t, buckets>;
  using snapshot = std::array<counts, outcomes>;

  void observe(reprise::outcome how, std::chrono::nanoseconds took) noexcept;
  snapshot read() const;

 private:
  struct alignas(64) part {
    std::array<std::array<std::atomic<std::uint64_t>, buckets>, outcomes> counted{};
  };
  std::array<part, 16> parts_;
};

// Of what was counted between two snapshots of one outcome: how many, and the milliseconds that a part (0 to 1) of them
// did not exceed, to an eighth; 0 where there were none.
struct time_span {
  explicit time_span(const cache_times::counts& from, const cache_times::counts& to);
  double at(double part) const;

  cache_times::counts between{};
  std::uint64_t count = 0;
};

}  // namespace bookings::ops

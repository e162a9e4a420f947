#include "server/ops/cache_times.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace bookings::ops {
namespace {

std::size_t bucket_of(std::uint64_t microseconds) noexcept {
  if (microseconds < 8) return static_cast<std::size_t>(microseconds);
  const auto exponent = static_cast<std::size_t>(std::bit_width(microseconds)) - 1;
  const auto eighth = (microseconds >> (exponent - 3)) & 7;
  return std::min(8 * (exponent - 2) + static_cast<std::size_t>(eighth), cache_times::buckets - 1);
}

// Where the bucket ends, in microseconds.
double end_of(std::size_t bucket) noexcept {
  if (bucket < 8) return static_cast<double>(bucket + 1);
  const auto exponent = bucket / 8 + 2, eighth = bucket % 8;
  return std::ldexp(static_cast<double>(9 + eighth), static_cast<int>(exponent) - 3);
}

}  // namespace

void cache_times::observe(reprise::outcome how, std::chrono::nanoseconds took) noexcept {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t own = threads++ % std::tuple_size_v<decltype(parts_)>;
  const auto microseconds = std::max<std::int64_t>(took.count() / 1000, 0);
  auto& counter =
      parts_[own].counted[static_cast<std::size_t>(how)][bucket_of(static_cast<std::uint64_t>(microseconds))];
  counter.fetch_add(1, std::memory_order_relaxed);
}

cache_times::snapshot cache_times::read() const {
  snapshot all{};
  for (const auto& each : parts_)
    for (std::size_t how = 0; how < outcomes; ++how)
      for (std::size_t i = 0; i < buckets; ++i) all[how][i] += each.counted[how][i].load(std::memory_order_relaxed);
  return all;
}

time_span::time_span(const cache_times::counts& from, const cache_times::counts& to) {
  for (std::size_t i = 0; i < between.size(); ++i) count += between[i] = to[i] - from[i];
}

double time_span::at(double part) const {
  if (count == 0) return 0;
  const auto wanted =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(part * static_cast<double>(count))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < between.size(); ++i)
    if ((seen += between[i]) >= wanted) return end_of(i) / 1000;
  return end_of(between.size() - 1) / 1000;
}

}  // namespace bookings::ops

// How long requests took, by route and status: a histogram for /metrics that threads count in without waiting for one another.
//
//   http_request_seconds{route,status}
//
// Thread-safe. Each thread counts in a part of its own, whose lock only a collection takes too; there are 64 parts, so
// that more threads than that share them in turn.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <prometheus/metric_family.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string_view>

namespace bookings::ops {

class request_times {
 public:
  // REQUIRES: the text of `route` outlives this object, and is the same object each time: a route's pattern, or one word
  // for all that matches none. Never what a client sent, which would make a series for each path that anybody tries.
  void observe(std::string_view route, unsigned status, std::chrono::nanoseconds took);
  prometheus::MetricFamily collect() const;

 private:
  // In seconds: a hit takes some ten microseconds, a request that waits for a slow store a few seconds.
  static constexpr std::array<double, 16> bounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                 0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
  struct series {
    std::array<std::uint64_t, bounds.size() + 1> counts{};
    std::chrono::nanoseconds sum{0};
  };
  struct label {
    std::string_view route;
    unsigned status;
    friend bool operator==(const label& a, const label& b) noexcept {
      return a.route.data() == b.route.data() && a.status == b.status;
    }
  };
  struct label_hash {
    std::size_t operator()(const label& of) const noexcept;
  };
  struct alignas(64) part {
    mutable std::mutex mutex;
    boost::unordered_flat_map<label, series, label_hash> by_label;
  };
  std::array<part, 64> parts_;
};

}  // namespace bookings::ops

// What the dashboard's events say, as JSON, and the ring of the last hour.
#pragma once

#include "reprise/statistics.hpp"
#include "server/ops/cache_times.hpp"

#include <boost/json/object.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

namespace bookings::ops {

using backend_calls = decltype(reprise::statistics::backend_calls);

double seconds_now();  // since 1970, UTC

// The counters, by prefix and as a whole, since the process began: who looks takes the differences, and loses nothing
// where it has missed a tick.
boost::json::object numbers_of(const reprise::statistics& now);
// {"hit":{"count","p50","p90","p99"},"miss":…,"bypass":…}, in milliseconds.
boost::json::object latency_of(const cache_times::snapshot& from, const cache_times::snapshot& to);
// {"calls","p50","p99"} of the round trips between.
boost::json::object backend_of(const backend_calls& from, const backend_calls& to);

// A point each ten seconds, of the last hour: what happened since the point before. Not thread-safe.
class history {
 public:
  static constexpr std::size_t most_points = 360;

  void add(const reprise::statistics& now, const cache_times::snapshot& times);
  // {"every","columns","points"} as the event `history`.
  std::string text() const;

 private:
  static constexpr std::size_t columns = 14;
  using point = std::array<double, columns>;
  // What is counted, summed over the prefixes.
  using totals = std::array<std::uint64_t, 7>;
  static totals totals_of(const reprise::statistics& now);

  std::deque<point> points_;
  bool has_last_ = false;
  double last_time_ = 0;
  totals last_{};
  cache_times::snapshot last_times_{};
};

// "event: tick\ndata: {…}\n\n". REQUIRES: one line each.
std::string event_text(std::string_view name, std::string_view data);

}  // namespace bookings::ops

#include "server/ops/live_points.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>

namespace bookings::ops {
namespace {

constexpr std::array<std::string_view, cache_times::outcomes> outcome_names{"hit", "miss", "bypass"};

double rounded(double value) { return std::round(value * 1000) / 1000; }

// The bound that this part of the calls did not exceed, in milliseconds; the counts are cumulative.
double bound_at(const backend_calls& between, double part) {
  const auto all = between.back();
  if (all == 0) return 0;
  for (std::size_t i = 0; i < reprise::statistics::backend_bounds.size(); ++i)
    if (static_cast<double>(between[i]) >= part * static_cast<double>(all))
      return reprise::statistics::backend_bounds[i] * 1000;
  return reprise::statistics::backend_bounds.back() * 1000;
}

}  // namespace

double seconds_now() {
  return rounded(std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count());
}

boost::json::object numbers_of(const reprise::statistics& now) {
  boost::json::object prefixes;
  for (const auto& [prefix, count] : now.prefixes)
    prefixes[prefix] = {{"hits", count.hits},
                        {"misses", count.misses},
                        {"bypasses", count.bypasses},
                        {"collapsed", count.collapsed},
                        {"localHits", count.local_hits},
                        {"stale", count.stale},
                        {"stored", count.fills_stored},
                        {"rejected", count.fills_rejected},
                        {"tooLarge", count.fills_too_large},
                        {"failed", count.fills_failed},
                        {"invalidations", count.invalidations},
                        {"removed", count.invalidated_keys}};
  return {{"t", seconds_now()},
          {"prefixes", std::move(prefixes)},
          {"l1", {{"bytes", now.local_bytes}, {"entries", now.local_entries}, {"evictions", now.local_evictions}}},
          {"originReads", now.origin_reads},
          {"writesWaiting", now.writes_waiting},
          {"writesNotAcknowledged", now.writes_not_acknowledged},
          {"replays", now.replays}};
}

boost::json::object latency_of(const cache_times::snapshot& from, const cache_times::snapshot& to) {
  boost::json::object all;
  for (std::size_t how = 0; how < outcome_names.size(); ++how) {
    const time_span span(from[how], to[how]);
    all[outcome_names[how]] = {
        {"count", span.count}, {"p50", span.at(0.5)}, {"p90", span.at(0.9)}, {"p99", span.at(0.99)}};
  }
  return all;
}

boost::json::object backend_of(const backend_calls& from, const backend_calls& to) {
  backend_calls between{};
  for (std::size_t i = 0; i < to.size(); ++i) between[i] = to[i] - from[i];
  return {{"calls", between.back()}, {"p50", bound_at(between, 0.5)}, {"p99", bound_at(between, 0.99)}};
}

history::totals history::totals_of(const reprise::statistics& now) {
  totals sum{};
  for (const auto& [prefix, count] : now.prefixes) {
    const totals one{count.hits,         count.misses,
                     count.bypasses,     count.collapsed,
                     count.fills_stored, count.fills_rejected + count.fills_too_large + count.fills_failed,
                     count.invalidations};
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += one[i];
  }
  return sum;
}

void history::add(const reprise::statistics& now, const cache_times::snapshot& times) {
  const auto time = seconds_now();
  const auto sum = totals_of(now);
  if (has_last_) {
    // Rates by the time that has really passed.
    const auto seconds = std::max(time - last_time_, 0.001);
    point one{time};
    for (std::size_t i = 0; i < sum.size(); ++i) one[i + 1] = rounded(static_cast<double>(sum[i] - last_[i]) / seconds);
    for (std::size_t how = 0; how < cache_times::outcomes; ++how) {
      const time_span span(last_times_[how], times[how]);
      one[8 + how * 2] = span.at(0.5);
      one[9 + how * 2] = span.at(0.99);
    }
    points_.push_back(one);
    if (points_.size() > most_points) points_.pop_front();
  }
  has_last_ = true;
  last_time_ = time;
  last_ = sum;
  last_times_ = times;
}

std::string history::text() const {
  std::string data =
      R"({"every":10,"columns":["t","hits","misses","bypasses","collapsed","stored","rejected","invalidations",)"
      R"("hit50","hit99","miss50","miss99","bypass50","bypass99"],"points":[)";
  for (const auto& one : points_) {
    if (data.back() != '[') data += ',';
    data += '[';
    for (std::size_t i = 0; i < one.size(); ++i)
      fmt::format_to(std::back_inserter(data), "{}{}", i > 0 ? "," : "", one[i]);
    data += ']';
  }
  data += "]}";
  return event_text("history", data);
}

std::string event_text(std::string_view name, std::string_view data) {
  return fmt::format("event: {}\ndata: {}\n\n", name, data);
}

}  // namespace bookings::ops

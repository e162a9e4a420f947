#include "server/ops/request_times.hpp"

#include <boost/container_hash/hash.hpp>

#include <algorithm>
#include <atomic>
#include <limits>
#include <map>
#include <string>
#include <utility>

namespace bookings::ops {

void request_times::observe(std::string_view route, unsigned status, std::chrono::nanoseconds took) {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t own = threads++ % std::tuple_size_v<decltype(parts_)>;
  const auto bound = std::lower_bound(bounds.begin(), bounds.end(), std::chrono::duration<double>(took).count());
  auto& mine = parts_[own];
  const std::lock_guard lock(mine.mutex);
  auto& to = mine.by_label[{route, status}];
  ++to.counts[static_cast<std::size_t>(bound - bounds.begin())];
  to.sum += took;
}

prometheus::MetricFamily request_times::collect() const {
  std::map<std::pair<std::string_view, unsigned>, series> all;
  for (const auto& each : parts_) {
    const std::lock_guard lock(each.mutex);
    for (const auto& [of, from] : each.by_label) {
      auto& to = all[{of.route, of.status}];
      for (std::size_t i = 0; i < to.counts.size(); ++i) to.counts[i] += from.counts[i];
      to.sum += from.sum;
    }
  }
  prometheus::MetricFamily family{"http_request_seconds", "Time from a request's head to its reply's last byte",
                                  prometheus::MetricType::Histogram, {}};
  for (const auto& [of, from] : all) {
    prometheus::ClientMetric metric;
    metric.label = {{"route", std::string(of.first)}, {"status", std::to_string(of.second)}};
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < from.counts.size(); ++i) {
      count += from.counts[i];
      metric.histogram.bucket.push_back({count, i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity()});
    }
    metric.histogram.sample_count = count;
    metric.histogram.sample_sum = std::chrono::duration<double>(from.sum).count();
    family.metric.push_back(std::move(metric));
  }
  return family;
}

std::size_t request_times::label_hash::operator()(const label& of) const noexcept {
  std::size_t seed = boost::hash<const void*>()(of.route.data());
  boost::hash_combine(seed, of.status);
  return seed;
}

}  // namespace bookings::ops

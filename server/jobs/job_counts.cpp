#include "server/jobs/job_counts.hpp"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>

namespace bookings {

std::vector<prometheus::MetricFamily> job_counts::Collect() const {
  prometheus::MetricFamily family;
  family.name = "bookings_jobs_total";
  family.help = "Jobs that this process did, by what came of them";
  family.type = prometheus::MetricType::Counter;
  constexpr std::array<const char*, 3> results{"completed", "delayed", "failed"};
  for (std::size_t i = 0; i < results.size(); ++i) {
    prometheus::ClientMetric metric;
    metric.label = {{"queue", queue_}, {"result", results[i]}};
    metric.counter.value = static_cast<double>(counts_[i].load(std::memory_order_relaxed));
    family.metric.push_back(std::move(metric));
  }
  return {std::move(family)};
}

}  // namespace bookings

#include "server/ops/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace bookings::ops {

metrics::metrics()
    : store_operations_(prometheus::BuildCounter()
                            .Name("bookings_store_operations_total")
                            .Help("Calls of the store that requests made")
                            .Register(registry_)) {}

void metrics::observe_request(std::string_view route, unsigned status, std::chrono::nanoseconds took) {
  request_times_.observe(route, status, took);
}

void metrics::count_store_operation(std::string_view operation) {
  prometheus::Counter* counter = nullptr;
  by_operation_.cvisit(operation, [&](const auto& known) { counter = known.second; });
  if (counter == nullptr) {
    // Two threads that add it at the same time get the same one.
    counter = &store_operations_.Add({{"operation", std::string(operation)}});
    by_operation_.emplace(operation, counter);
  }
  counter->Increment();
}

void metrics::add(std::shared_ptr<prometheus::Collectable> more) {
  std::lock_guard lock(mutex_);
  more_.push_back(std::move(more));
}

std::string metrics::text() const {
  auto families = registry_.Collect();
  families.push_back(request_times_.collect());
  std::vector<std::shared_ptr<prometheus::Collectable>> more;
  {
    std::lock_guard lock(mutex_);
    more = more_;
  }
  for (const auto& each : more) std::ranges::move(each->Collect(), std::back_inserter(families));
  std::ranges::stable_sort(families, {}, &prometheus::MetricFamily::name);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace bookings::ops

#include "server/ops/metrics.hpp"

#include <boost/container_hash/hash.hpp>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace bookings::ops {
namespace {

// In seconds: a hit takes some ten microseconds, a request that waits for a slow store a few seconds.
const prometheus::Histogram::BucketBoundaries& request_buckets() {
  static const prometheus::Histogram::BucketBoundaries bounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                              0.025,  0.05,    0.1,    0.25,  0.5,    1,     2.5,
                                                              5,      10};
  return bounds;
}

// The metric of a label, from the cache, or made with `make` where it is new. Two threads that make it at the same time
// get the same one from the family.
template <class Cache, class Key, class View, class Make>
auto& find_or_make(Cache& cache, View view, Make make) {
  typename Cache::mapped_type found = nullptr;
  cache.cvisit(view, [&](const auto& entry) { found = entry.second; });
  if (found == nullptr) {
    found = &make();
    cache.emplace(Key{std::string(view.name), view.number}, found);
  }
  return *found;
}

}  // namespace

metrics::metrics()
    : request_seconds_(prometheus::BuildHistogram()
                           .Name("http_request_seconds")
                           .Help("Time from a request's head to its reply's last byte")
                           .Register(registry_)),
      store_operations_(prometheus::BuildCounter()
                            .Name("bookings_store_operations_total")
                            .Help("Calls of the store that requests made")
                            .Register(registry_)) {}

void metrics::observe_request(std::string_view route, unsigned status, std::chrono::nanoseconds took) {
  auto& seconds = find_or_make<cache<prometheus::Histogram>, label_key>(
      request_seconds_by_label_, label_view{route, status}, [&]() -> prometheus::Histogram& {
        return request_seconds_.Add({{"route", std::string(route)}, {"status", std::to_string(status)}},
                                    request_buckets());
      });
  seconds.Observe(std::chrono::duration<double>(took).count());
}

void metrics::count_store_operation(std::string_view operation) {
  auto& counter = find_or_make<cache<prometheus::Counter>, label_key>(
      store_operations_by_label_, label_view{operation}, [&]() -> prometheus::Counter& {
        return store_operations_.Add({{"operation", std::string(operation)}});
      });
  counter.Increment();
}

void metrics::add(std::shared_ptr<prometheus::Collectable> more) {
  std::lock_guard lock(mutex_);
  more_.push_back(std::move(more));
}

std::string metrics::text() const {
  auto families = registry_.Collect();
  std::vector<std::shared_ptr<prometheus::Collectable>> more;
  {
    std::lock_guard lock(mutex_);
    more = more_;
  }
  for (const auto& each : more) std::ranges::move(each->Collect(), std::back_inserter(families));
  std::ranges::stable_sort(families, {}, &prometheus::MetricFamily::name);
  return prometheus::TextSerializer().Serialize(families);
}

std::size_t metrics::label_hash::operator()(label_view key) const noexcept {
  std::size_t seed = boost::hash<std::string_view>()(key.name);
  boost::hash_combine(seed, key.number);
  return seed;
}

}  // namespace bookings::ops

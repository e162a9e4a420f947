// What GET /metrics shows, in Prometheus' text format. The server's own numbers are here; parts with numbers of their
// own (the cache, the queue) add a collector.
//
//   http_request_seconds{route,status}            histogram
//   bookings_store_operations_total{operation}    counter; operation="list_bookings" counts origin reads of the list
#pragma once

#include <boost/unordered/concurrent_flat_map.hpp>
#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace bookings::ops {

// Thread-safe. The first use of a label takes the registry's lock; after that, threads share no lock but the metric's
// own.
class metrics {
 public:
  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

  metrics();
  metrics(const metrics&) = delete;
  metrics& operator=(const metrics&) = delete;

  // `route` is a route's pattern ("/api/gigs/:id"), or one word for all that matches none: never what a client sent,
  // which would make a series for each path that anybody tries.
  void observe_request(std::string_view route, unsigned status, std::chrono::nanoseconds took);

  void count_store_operation(std::string_view operation);

  // The numbers of another part are collected whenever text() is called, on its thread.
  void add(std::shared_ptr<prometheus::Collectable> more);

  // All metrics, sorted by name.
  std::string text() const;

 private:
  // A metric's label values: a name, and a number or 0.
  struct label_view {
    std::string_view name;
    unsigned number = 0;
  };
  struct label_key {
    std::string name;
    unsigned number = 0;
    operator label_view() const noexcept { return {name, number}; }
  };
  struct label_hash {
    using is_transparent = void;
    std::size_t operator()(label_view key) const noexcept;
  };
  struct label_equal {
    using is_transparent = void;
    bool operator()(label_view a, label_view b) const noexcept { return a.number == b.number && a.name == b.name; }
  };
  template <class Metric>
  using cache = boost::unordered::concurrent_flat_map<label_key, Metric*, label_hash, label_equal>;

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Histogram>& request_seconds_;
  prometheus::Family<prometheus::Counter>& store_operations_;
  cache<prometheus::Histogram> request_seconds_by_label_;
  cache<prometheus::Counter> store_operations_by_label_;

  mutable std::mutex mutex_;  // of more_
  std::vector<std::shared_ptr<prometheus::Collectable>> more_;
};

}  // namespace bookings::ops

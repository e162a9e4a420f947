// What GET /metrics shows, in Prometheus' text format. The server's own numbers are here; parts with numbers of their
// own (the cache, the queue) add a collector.
//
//   http_request_seconds{route,status}            histogram
//   bookings_store_operations_total{operation}    counter; operation="list_bookings" counts origin reads of the list
#pragma once

#include "server/ops/request_times.hpp"

#include <boost/container_hash/hash.hpp>
#include <boost/unordered/concurrent_flat_map.hpp>
#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/registry.h>

#include <chrono>
#include <functional>
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

  // REQUIRES: as request_times::observe().
  void observe_request(std::string_view route, unsigned status, std::chrono::nanoseconds took);

  void count_store_operation(std::string_view operation);

  // The numbers of another part are collected whenever text() is called, on its thread.
  void add(std::shared_ptr<prometheus::Collectable> more);

  // All metrics, sorted by name.
  std::string text() const;

 private:
  struct text_hash : boost::hash<std::string_view> {
    using is_transparent = void;
  };

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& store_operations_;
  boost::unordered::concurrent_flat_map<std::string, prometheus::Counter*, text_hash, std::equal_to<>> by_operation_;
  request_times request_times_;

  mutable std::mutex mutex_;  // of more_
  std::vector<std::shared_ptr<prometheus::Collectable>> more_;
};

}  // namespace bookings::ops

#include "server/caching/cache_collector.hpp"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>

#include <limits>

namespace bookings::caching {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily family(std::string name, std::string help, MetricType type) {
  return {std::move(name), std::move(help), type, {}};
}

void add_counter(MetricFamily& to, std::vector<ClientMetric::Label> labels, std::uint64_t value) {
  ClientMetric one;
  one.label = std::move(labels);
  one.counter.value = static_cast<double>(value);
  to.metric.push_back(std::move(one));
}

MetricFamily gauge(std::string name, std::string help, double value) {
  auto one = family(std::move(name), std::move(help), MetricType::Gauge);
  one.metric.emplace_back();
  one.metric.back().gauge.value = value;
  return one;
}

MetricFamily counter(std::string name, std::string help, std::uint64_t value) {
  auto one = family(std::move(name), std::move(help), MetricType::Counter);
  add_counter(one, {}, value);
  return one;
}

// `counts` are cumulative, the last of them over all.
template <std::size_t Bounds>
MetricFamily histogram(std::string name, std::string help, const std::array<double, Bounds>& bounds,
                       const std::array<std::uint64_t, Bounds + 1>& counts, double sum) {
  auto one = family(std::move(name), std::move(help), MetricType::Histogram);
  ClientMetric metric;
  auto& to = metric.histogram;
  for (std::size_t i = 0; i < counts.size(); ++i)
    to.bucket.push_back({counts[i], i < Bounds ? bounds[i] : std::numeric_limits<double>::infinity()});
  to.sample_count = counts.back();
  to.sample_sum = sum;
  one.metric.push_back(std::move(metric));
  return one;
}

class cache_collector final : public prometheus::Collectable {
 public:
  cache_collector(const reprise::response_cache& cache, store& data) : cache_(cache), data_(data) {}

  std::vector<MetricFamily> Collect() const override {
    const auto now = cache_.snapshot();
    auto requests = family("reprise_requests_total", "Requests of cached routes", MetricType::Counter);
    auto fills = family("reprise_fills_total", "Fills, by what became of the entry", MetricType::Counter);
    auto invalidations = family("reprise_invalidations_total", "Scopes invalidated", MetricType::Counter);
    auto keys = family("reprise_invalidated_keys_total", "Entries removed after an invalidation", MetricType::Counter);
    auto local = family("reprise_local_hits_total", "Hits from this process's own copies", MetricType::Counter);
    auto stale = family("reprise_stale_hits_total", "Hits served after their time, as the policy allows", MetricType::Counter);
    auto refreshes = family("reprise_refreshes_total", "Reads behind a reply", MetricType::Counter);
    for (const auto& [prefix, count] : now.prefixes) {
      add_counter(requests, {{"prefix", prefix}, {"result", "hit"}}, count.hits);
      add_counter(requests, {{"prefix", prefix}, {"result", "miss"}}, count.misses);
      add_counter(requests, {{"prefix", prefix}, {"result", "bypass"}}, count.bypasses);
      add_counter(requests, {{"prefix", prefix}, {"result", "collapsed"}}, count.collapsed);
      add_counter(fills, {{"prefix", prefix}, {"result", "stored"}}, count.fills_stored);
      add_counter(fills, {{"prefix", prefix}, {"result", "rejected"}}, count.fills_rejected);
      add_counter(fills, {{"prefix", prefix}, {"result", "too_large"}}, count.fills_too_large);
      add_counter(fills, {{"prefix", prefix}, {"result", "failed"}}, count.fills_failed);
      add_counter(invalidations, {{"prefix", prefix}}, count.invalidations);
      add_counter(keys, {{"prefix", prefix}}, count.invalidated_keys);
      add_counter(local, {{"prefix", prefix}}, count.local_hits);
      add_counter(stale, {{"prefix", prefix}}, count.stale);
      add_counter(refreshes, {{"prefix", prefix}}, count.refreshes);
    }
    std::vector<MetricFamily> all{std::move(requests), std::move(local), std::move(stale), std::move(refreshes),
                                  std::move(fills), std::move(invalidations), std::move(keys)};
    all.push_back(counter("reprise_replays_total", "Outbox rows that the relay repeated", now.replays));
    all.push_back(counter("reprise_l1_evictions_total", "Own copies that had to go for others", now.local_evictions));
    all.push_back(histogram<10>("reprise_backend_seconds", "Round trips to the cache's backend", now.backend_bounds,
                                now.backend_calls, now.backend_seconds));
    all.push_back(histogram<10>("reprise_write_wait_seconds", "Waits of writes until no node can show what was before",
                                now.wait_bounds, now.write_waits, now.write_wait_seconds));
    all.push_back(gauge("reprise_writes_waiting", "Writes that wait for other nodes now",
                        static_cast<double>(now.writes_waiting)));
    all.push_back(counter("reprise_writes_not_acknowledged_total",
                          "Writes whose notice by all nodes could not be learned in time", now.writes_not_acknowledged));
    all.push_back(gauge("reprise_backend_up", "1 while connected to the cache's backend", now.backend_up ? 1 : 0));
    all.push_back(gauge("reprise_trusted", "1 while the cache is in use", now.trusted ? 1 : 0));
    all.push_back(gauge("reprise_lease_seconds", "How much longer the cache may be used unless the lease is renewed",
                        now.lease.count()));
    all.push_back(gauge("reprise_l1_bytes", "Memory of the entries that this process keeps", static_cast<double>(now.local_bytes)));
    all.push_back(gauge("reprise_l1_entries", "Entries that this process keeps", static_cast<double>(now.local_entries)));
    if (const auto backlog = data_.outbox_backlog()) {
      all.push_back(gauge("reprise_outbox_pending", "Outbox rows not yet acknowledged", static_cast<double>(backlog->rows)));
      all.push_back(gauge("reprise_outbox_oldest_seconds", "Age of the oldest such row",
                          std::chrono::duration<double>(backlog->oldest).count()));
    }
    return all;
  }

 private:
  const reprise::response_cache& cache_;
  store& data_;
};

}  // namespace

std::shared_ptr<prometheus::Collectable> make_cache_collector(const reprise::response_cache& cache, store& data) {
  return std::make_shared<cache_collector>(cache, data);
}

}  // namespace bookings::caching

// Sends spans to a collector, in batches, behind the requests: OTLP over HTTP, as JSON. A collector that is away or slow
// costs spans, which are counted, and never a request.
//
//   bookings_trace_spans_total{result}   sent, or dropped: for want of room, or because the collector refused them
#pragma once

#include "reprise/trace.hpp"
#include "server/ops/logging.hpp"
#include "server/tracing/otlp.hpp"
#include "server/web/web_client.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <prometheus/collectable.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace bookings::tracing {

struct exporter_options {
  std::string endpoint;              // OTEL_EXPORTER_OTLP_ENDPOINT; "/v1/traces" is added
  std::vector<std::string> headers;  // "name: value"; secret
  resource who;
  std::size_t most_waiting = 8'192;  // spans; those beyond are dropped
  std::size_t batch = 512;
  std::chrono::milliseconds pause{1'000};  // between batches that are not full
  std::chrono::milliseconds time{10'000};  // for one call
};

// Thread-safe. Its thread begins with it.
class exporter final : public reprise::span_recorder, public prometheus::Collectable {
 public:
  explicit exporter(exporter_options options);
  ~exporter() override;  // as close()
  exporter(const exporter&) = delete;

  void record(reprise::finished_span done) noexcept override;
  // Sends what waits, for `time` at most, and ends; spans that come later are dropped. One thread at a time.
  void close(std::chrono::milliseconds time);
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  boost::asio::awaitable<void> run();
  boost::asio::awaitable<void> wait(std::chrono::milliseconds pause);  // or until timer_ is cancelled
  boost::asio::awaitable<void> send(std::vector<reprise::finished_span> spans);
  std::vector<reprise::finished_span> take();
  bool is_closing() const;
  void drop(std::size_t count, std::string_view why);

  const exporter_options options_;
  web_client client_;
  mutable std::mutex mutex_;  // of the next two
  std::vector<reprise::finished_span> waiting_;
  bool is_closing_ = false;
  std::atomic<std::uint64_t> sent_{0}, dropped_{0};
  ops::limited_log log_{std::chrono::minutes(1)};
  boost::asio::io_context io_{1};
  boost::asio::steady_timer timer_{io_}, end_{io_};  // on its thread, as is_done_
  bool is_done_ = false;
  std::thread thread_;
};

}  // namespace bookings::tracing

#include "server/tracing/exporter.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace bookings::tracing {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// What a collector may answer that is over by itself (OTLP, "Retryable response codes").
bool is_passing(int status) noexcept { return status == 429 || status == 502 || status == 503 || status == 504; }

constexpr int most_attempts = 4;

}  // namespace

exporter::exporter(exporter_options options) : options_(std::move(options)), client_({.connect_time = 2s, .most_in_flight = 1}) {
  asio::co_spawn(io_, run(), asio::detached);
  thread_ = std::thread([this] { io_.run(); });
}

exporter::~exporter() { close(0ms); }

void exporter::record(reprise::finished_span done) noexcept {
  try {
    std::size_t waiting = 0;
    {
      const std::lock_guard lock(mutex_);
      if (!is_closing_ && waiting_.size() < options_.most_waiting) {
        waiting_.push_back(std::move(done));
        waiting = waiting_.size();
      }
    }
    if (waiting == 0) dropped_.fetch_add(1, std::memory_order_relaxed);
    if (waiting == options_.batch) asio::post(io_, [this] { timer_.cancel(); });
  } catch (...) {  // no memory
    dropped_.fetch_add(1, std::memory_order_relaxed);
  }
}

void exporter::close(std::chrono::milliseconds time) {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
  }
  asio::post(io_, [this, time] {
    timer_.cancel();
    if (is_done_) return;
    end_.expires_after(time);
    end_.async_wait([this](boost::system::error_code stopped) {
      if (!stopped) client_.close();  // ends what is under way; nothing more is sent
    });
  });
  thread_.join();
}

bool exporter::is_closing() const {
  const std::lock_guard lock(mutex_);
  return is_closing_;
}

std::vector<reprise::finished_span> exporter::take() {
  const std::lock_guard lock(mutex_);
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(waiting_.size(), options_.batch));
  std::vector<reprise::finished_span> taken(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return taken;
}

asio::awaitable<void> exporter::run() {
  for (bool is_last = false; !is_last;) {
    is_last = is_closing();  // before the look: nothing comes after it
    for (auto spans = take(); !spans.empty(); spans = take()) co_await send(std::move(spans));
    if (!is_last) co_await wait(options_.pause);
  }
  is_done_ = true;
  end_.cancel();
}

asio::awaitable<void> exporter::wait(std::chrono::milliseconds pause) {
  boost::system::error_code woken;
  timer_.expires_after(pause);
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

// A collector that is away, or has too much to do, is asked again for a while.
asio::awaitable<void> exporter::send(std::vector<reprise::finished_span> spans) {
  web_request asked;
  asked.url = options_.endpoint + "/v1/traces";
  asked.body = to_otlp_json(spans, options_.who);
  asked.content_type = "application/json";
  asked.headers = options_.headers;
  asked.time = options_.time;
  auto pause = options_.pause;
  for (int attempt = 1;; ++attempt, pause *= 2) {
    const auto replied = co_await client_.send(asked);
    if (replied && replied->status >= 200 && replied->status < 300) {
      sent_.fetch_add(spans.size(), std::memory_order_relaxed);
      co_return;
    }
    const bool may_pass = !replied || is_passing(replied->status);
    if (!may_pass || attempt == most_attempts || is_closing()) {
      drop(spans.size(), replied ? fmt::format("it answered {}", replied->status) : replied.error().why);
      co_return;
    }
    co_await wait(pause);
  }
}

void exporter::drop(std::size_t count, std::string_view why) {
  dropped_.fetch_add(count, std::memory_order_relaxed);
  log_.log(ops::log_level::warn, fmt::format("[Trace] {} spans were not taken by the collector: {}", count, why));
}

std::vector<prometheus::MetricFamily> exporter::Collect() const {
  prometheus::MetricFamily family;
  family.name = "bookings_trace_spans_total";
  family.help = "Spans of recorded traces, by what came of them";
  family.type = prometheus::MetricType::Counter;
  for (const auto& [result, count] : {std::pair("dropped", &dropped_), std::pair("sent", &sent_)}) {
    prometheus::ClientMetric metric;
    metric.label = {{"result", result}};
    metric.counter.value = static_cast<double>(count->load(std::memory_order_relaxed));
    family.metric.push_back(std::move(metric));
  }
  return {std::move(family)};
}

}  // namespace bookings::tracing

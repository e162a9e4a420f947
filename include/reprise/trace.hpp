// Traces: what a request waited for, as spans. Off until a trace is begun; a request without one pays next to nothing.
//
//   auto mine = std::make_shared<reprise::trace>(parent, recorder);            // one request's
//   co_await co_spawn(reprise::traced(executor, mine), answer(), use_awaitable);
//
//   const auto executor = co_await this_coro::executor;                        // anywhere below answer()
//   reprise::span work(executor, "read the list");                             // recorded when its scope ends
//
// A trace goes with the executor, so that no function on the way needs a parameter for it: whatever is awaited below
// answer() has it, the cache too, whose spans are `lookup`, `fill` (in it `origin` and `store`) and `invalidate`.
// Coroutines that are spawned on another executor have none.
//
// Terms and formats: W3C Trace Context (https://www.w3.org/TR/trace-context/), and OpenTelemetry's for spans.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace reprise {

using trace_id = std::array<std::uint8_t, 16>;  // not all zeros
using span_id = std::array<std::uint8_t, 8>;    // likewise; all zeros as a parent: there is none

// Which span a new one belongs to: what a `traceparent` says, and the `tracestate` beside it.
struct trace_parent {
  trace_id trace{};         // which
  span_id span{};           // the one that the next begins under
  bool is_sampled = false;  // does whoever began the trace record it?
  std::string state{};      // passed on as it came
};

// The value of a `traceparent` header; absent where it is none. What a later version of the format adds is passed over.
std::optional<trace_parent> parse_traceparent(std::string_view text) noexcept;
// The same as text, of version 00.
std::string to_traceparent(const trace_parent& from);
// A new trace of our own, without a parent. Thread-safe.
trace_parent make_trace(bool is_sampled);
std::string to_hex(const trace_id& id);  // lower case
std::string to_hex(const span_id& id);   // lower case

// Whose end of a call a span is; consumer: a job's.
enum class span_kind { internal, server, client, consumer };
using span_value = std::variant<std::string, std::int64_t>;

// A span that has ended.
struct finished_span {
  trace_parent as;  // its trace, its own id, and what its trace passes on
  span_id parent{};
  std::string name;
  span_kind kind = span_kind::internal;
  std::chrono::system_clock::time_point began;
  std::chrono::nanoseconds took{0};  // by a clock that never jumps
  std::vector<std::pair<std::string_view, span_value>> values{};
  bool has_failed = false;
};

// Takes spans that have ended. Thread-safe; must neither throw nor wait.
class span_recorder {
 public:
  virtual ~span_recorder() = default;
  virtual void record(finished_span done) noexcept = 0;
};

// One request's. One thread at a time.
class trace {
 public:
  // `to` may be null: then nothing is recorded, and the parent is passed on as it came.
  trace(trace_parent from, std::shared_ptr<span_recorder> to) noexcept : now_(std::move(from)), to_(std::move(to)) {}

  // The span under way, for whom this request calls: to_traceparent() of it, and its state.
  const trace_parent& now() const noexcept { return now_; }
  bool is_recorded() const noexcept { return to_ != nullptr; }

 private:
  friend class span;
  trace_parent now_;
  const std::shared_ptr<span_recorder> to_;
};

// `inner`, for work that belongs to the trace.
boost::asio::any_io_executor traced(boost::asio::any_io_executor inner, std::shared_ptr<trace> of);
// The same executor for a coroutine that goes on beside this one: its spans have the present one as their parent.
// Without a trace it is `executor` itself.
boost::asio::any_io_executor beside(const boost::asio::any_io_executor& executor);
// The trace that goes with an executor; null for none.
std::shared_ptr<trace> trace_of(const boost::asio::any_io_executor& executor) noexcept;

// A part of a trace: from here to its end, which records it. Spans that begin meanwhile are its children, so they must
// end before it. Without a trace, or where that is not recorded, it does nothing.
class span {
 public:
  span(const boost::asio::any_io_executor& executor, std::string_view name, span_kind kind = span_kind::internal);
  span(std::shared_ptr<trace> of, std::string_view name, span_kind kind = span_kind::internal);
  ~span();
  span(const span&) = delete;
  span& operator=(const span&) = delete;

  explicit operator bool() const noexcept { return of_ != nullptr; }  // is it recorded?
  void rename(std::string name);
  // `name` must be a static text.
  void set(std::string_view name, span_value value);
  void fail() noexcept;

 private:
  std::shared_ptr<trace> of_;  // null: nothing is recorded
  finished_span here_{};
  std::chrono::steady_clock::time_point began_{};
};

}  // namespace reprise

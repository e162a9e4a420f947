// Who takes the steps of payments, and when. The store says what is due; the queue makes it quick and spreads it over
// processes; without Redis the steps are taken in this one.
//
//   a request ── begin() ─┐                      ┌─> queue "payments" ──> a worker, here or in another process ─┐
//   due in the store ─────┴─ once a second ──────┤                                                              ├─>
//   payment_flow
//                                                └─> in this process, where there is no queue, or it is away ───┘
//
// A job is only a hint that a step is due: its payment's id is all that it carries, and taking a step twice, or a job
// that was lost, harms nobody (payment_flow.hpp). A payment's first job has the payment's id, so that adding it again
// adds nothing while it is there.
#pragma once

#include "reprise/jobs/queue.hpp"
#include "reprise/jobs/worker.hpp"
#include "reprise/trace.hpp"
#include "server/jobs/job_counts.hpp"
#include "server/payments/payment_flow.hpp"
#include "server/payments/payment_watch.hpp"
#include "server/stores/async_store.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace bookings {

inline constexpr std::string_view payment_queue = "payments";

struct payment_jobs_options {
  std::optional<reprise::redis_options> redis = {};  // absent: no queue
  std::string prefix = "bull";
  bool takes_steps = true;    // false: for others to take, and to look for
  std::size_t at_once = 128;  // steps that are taken here at the same time; nearly all wait for the gateway
  std::shared_ptr<reprise::span_recorder> spans = {};  // of steps whose request's trace is recorded; null: none are
};

// Used on its executor, which one thread runs; begin() from any thread.
class payment_jobs {
 public:
  payment_jobs(boost::asio::any_io_executor executor, async_store& stores, payment_flow& flow, payment_watch& watch,
               job_counts& counts, payment_jobs_options options);
  ~payment_jobs();

  // Begins to look, and to work.
  void start();
  // The payment was written, with a step that can be taken now. Returns at once; what fails here is found in the store
  // when the step is due. `of`: the trace of the request that wrote it, which the step goes on with, in whatever process.
  void begin(const gateway_payment& what, const std::optional<reprise::trace_parent>& of = {});
  // Takes nothing new, and returns when the steps that are being taken are over, or after `limit`.
  boost::asio::awaitable<void> stop(std::chrono::milliseconds limit);

 private:
  class impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace bookings

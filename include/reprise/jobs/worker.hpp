// Runs the jobs of one queue: takes them under a lock, calls a handler, and writes what came of it, beside any number
// of other workers, ours and Node.js's.
//
//   reprise::jobs::worker work(executor, options, [](const job& what, job_context& context) -> asio::awaitable<outcome>
//   {
//     co_await context.update_progress(50);
//     co_return outcome::completed({{"sent", true}});
//   });
//   work.start();
//   …
//   co_await work.close(std::chrono::seconds(10));
//
// Each job is run at least once. It is run again where its worker dies, or cannot renew the lock within lock_duration:
// so a handler must bear being run twice (job_context::is_lock_lost() tells it to stop). What a handler returned is
// written with the job's lock in hand or not at all; where Redis is away or refuses it, it is tried again, with growing
// pauses, until it is written, the lock is lost, or close()'s limit has passed.
//
// Not supported, and left to Node.js workers (give such queues no worker of ours): the next run of a job scheduler's
// job (its present run is done like any other), and the worker's `metrics`. Children of flows complete and fail here as
// there; a parent waits for its children before it comes to any worker.
//
// Thread safety: none, except as said. Make, use and destroy it on `executor`, which one thread (or a strand) runs;
// handlers run there too, up to `concurrency` of them at a time, so one that blocks holds up all, and the renewal of
// locks.
#pragma once

#include "reprise/jobs/errc.hpp"
#include "reprise/jobs/job.hpp"
#include "reprise/jobs/queue.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace reprise::jobs {

struct worker_options {  // which queue, and how its jobs are run
  std::string queue;            // the queue's name
  std::string prefix = "bull";  // and prefix, as the queue's options have it
  std::string name{};           // of this worker: shown in Bull Board and in the jobs' processed_by. Empty: none
  redis_options redis{};  // where the queue is
  std::size_t concurrency = 1;  // jobs at a time; ≥ 1
  milliseconds deadline{5000};  // of each call to Redis
  milliseconds lock_duration{
      30'000};  // a job whose worker says nothing for so long is another's. Renewed four times as often
  milliseconds stalled_interval{30'000};             // how often somebody looks for jobs whose lock is gone; 0: never
  std::uint32_t max_stalled_count = 1;               // a job that stalled more often fails
  milliseconds drain_delay{5000};                    // how long an idle worker waits for news before it looks by itself
  rate_limit limiter{};                              // of all workers that have one; the queue's own goes over it
  retention remove_on_complete{}, remove_on_fail{};  // where the job's options say nothing
  std::shared_ptr<spdlog::logger> logger{};          // null: silence

  worker_options() {}
};

// What came of a job.
class outcome {
 public:
  enum class kind { completed, failed, unrecoverable, delayed, rate_limited };  // as the functions below make them

  static outcome completed(boost::json::value returns = nullptr);  // done; `returns` is kept with the job
  // Tried again where attempts are left. `stack`: more about it, for people; empty: the reason itself.
  static outcome failed(std::string reason, std::string stack = {});
  // Not tried again.
  static outcome unrecoverable(std::string reason, std::string stack = {});
  // Neither: it is run again after the pause, and this attempt does not count.
  static outcome delayed(milliseconds pause);
  // The same at once, but no worker starts any job of this queue within the pause.
  static outcome rate_limited(milliseconds pause);

  kind what() const noexcept { return kind_; }  // which of them it is
  const boost::json::value& returns() const noexcept { return value_; }  // of completed()
  const std::string& reason() const noexcept { return reason_; }  // of a failure
  const std::string& stack() const noexcept { return stack_; }  // of a failure; may be empty
  milliseconds pause() const noexcept { return pause_; }  // of delayed() and rate_limited()

 private:
  explicit outcome(kind which) : kind_(which) {}

  kind kind_;
  boost::json::value value_;
  std::string reason_, stack_;
  milliseconds pause_{0};
};

// The running job's ties to its worker. Lives as long as the handler runs.
class job_context {
 public:
  virtual ~job_context() = default;
  // errc as the queue's own calls. What is passed is taken over before the call returns.
  [[nodiscard]] virtual awaitable<void> update_progress(const boost::json::value& progress) = 0;
  [[nodiscard]] virtual awaitable<std::size_t> log(std::string_view line) = 0;
  // The lock has expired, or is another's: the job is or will be run by somebody else, and nothing that this handler
  // returns will be written. It had better stop.
  virtual bool is_lock_lost() const noexcept = 0;
  // close() was called: what takes long may end early, with outcome::delayed for the rest.
  virtual bool is_closing() const noexcept = 0;
  // Called once, when the lock is lost or the worker is closing, on the executor. A later one replaces it.
  virtual void on_stop(std::function<void()> callback) = 0;
  virtual const std::string& token() const noexcept = 0;  // the lock's
};

// An exception that leaves a handler is outcome::failed with its what(). The job may be changed: nobody looks at it
// later.
using handler = std::function<boost::asio::awaitable<outcome>(const job& what, job_context& context)>;

class worker {
 public:
  // Throws std::system_error (errc::invalid_name, invalid_options) where the options have no meaning.
  worker(boost::asio::any_io_executor executor, worker_options options, handler run);
  ~worker();  // drops what runs, as a process that dies: call close() before
  worker(worker&&) noexcept;
  worker& operator=(worker&&) = delete;

  // Connects and begins to take jobs. Whatever becomes of Redis, it goes on by itself. REQUIRES: not started before.
  void start();
  // This worker alone takes no jobs; what runs goes on.
  void pause() noexcept;
  void resume() noexcept;
  bool is_paused() const noexcept;
  // Takes no more jobs, and returns when those that run have ended and their outcomes are written, or after `limit`:
  // then what still runs is left to the recovery of stalled jobs. Returns how many those are. Safe to call again.
  boost::asio::awaitable<std::size_t> close(milliseconds limit);

  struct counters {  // attempts that ended so, since start(); and how many run now
    std::uint64_t completed = 0, failed = 0, retried = 0, delayed = 0, lock_lost = 0, stalled = 0;  // by how they ended
    std::size_t running = 0;  // now
  };
  const counters& counts() const noexcept;  // lives as long as the worker
  bool is_connected() const noexcept;  // to Redis, now

 private:
  class impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace reprise::jobs

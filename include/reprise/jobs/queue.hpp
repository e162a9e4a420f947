// The producer's and the operator's side of a queue: adds jobs, reads them, moves and removes them. It speaks BullMQ
// 6's data model, so that Node.js programs with the npm package `bullmq`, and Bull Board, work on the same queue.
//
//   reprise::jobs::queue emails(executor, options);
//   const boost::json::value data{{"to", "a@b.c"}};  // named: g++ 12 cannot have it within the next line
//   const auto id = co_await emails.add("welcome", data);
//
// Thread safety: none. Make, use and destroy it on `executor`, which one thread (or a strand) runs. Several objects may
// stand for one queue, in one process or in many. Calls that are under way when it is closed end with errc::closed.
//
// Calls of one turn of the event loop travel together, in the order in which they were made. Each has the deadline
// queue_options::deadline: without an answer by then it is errc::unavailable where nothing was sent, and else
// errc::unknown_outcome, which is neither success nor failure (adding again with the same options.id is safe: a job
// whose id is there is not added twice). errc::refused names what the server said in last_refusal(). The connection
// comes back by itself. Cancellation of the awaiting coroutine is not looked at: a call ends by its deadline.
//
// Works on Redis 6.2 and newer and on Valkey. On Redis Cluster give a prefix with a hash tag, such as "{bull}": all
// keys of a queue then share a slot.
#pragma once

#include "reprise/jobs/errc.hpp"
#include "reprise/jobs/job.hpp"
#include "reprise/jobs/job_options.hpp"
#include "reprise/redis_options.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spdlog {
class logger;
}

namespace reprise::jobs {

template <class T>
using awaitable = boost::asio::awaitable<result<T>>;  // what every call returns

struct queue_options {  // which queue, where, and its limits
  std::string name;             // not empty, without `:` and control characters
  std::string prefix = "bull";  // likewise, but may have `:`
  redis_options redis{};  // where the queue is
  milliseconds deadline{5000};  // of each call
  // Calls that may wait to be sent or answered, and their bytes: beyond either, calls are refused with
  // errc::overloaded.
  std::size_t most_waiting_calls = 10'000;
  std::size_t most_waiting_bytes = 64 * 1024 * 1024;
  // The stream of events is kept at about this length. Written to Redis where nobody has.
  std::uint32_t most_events = 10'000;
  std::uint64_t size_limit = 16 * 1024 * 1024;  // bytes of one job's data, where its options say nothing
  std::shared_ptr<spdlog::logger> logger{};     // null: silence

  queue_options() {}
};

struct new_job {  // for add_bulk()
  std::string name;  // what kind of job
  boost::json::value data;  // what it works on
  job_options options;  // how it is to be treated

  new_job() {}
  new_job(std::string called, boost::json::value carries) : name(std::move(called)), data(std::move(carries)) {}  // without options
  new_job(std::string called, boost::json::value carries, job_options how)  // the members in their order
      : name(std::move(called)), data(std::move(carries)), options(std::move(how)) {}
};

struct job_counts {  // how many jobs are in each state
  std::uint64_t waiting = 0, prioritized = 0, delayed = 0, active = 0, completed = 0, failed = 0, waiting_children = 0;  // as job_state has them
};

enum class range_order { oldest_first, newest_first };  // of jobs that are read
enum class drain_scope { waiting, waiting_and_delayed };  // what drain() removes
enum class retry_counters { keep, reset };  // of attempts: keep those made, or begin anew
enum class active_jobs { protect, remove };  // what obliterate() does where jobs are running

struct rate_limit {  // how many jobs may start in a time
  std::uint32_t most = 0;  // jobs started within `each`; 0: no limit
  milliseconds each{1000};  // the time
};

// What the server does when its memory is full.
struct storage_policy {
  std::uint64_t most_bytes = 0;  // maxmemory; 0: no bound
  std::string eviction{};        // maxmemory-policy: "noeviction" refuses writes; all others may take jobs away

  storage_policy() {}
  bool may_lose_jobs() const noexcept { return !eviction.empty() && eviction != "noeviction"; }  // no place for a queue
};

class queue {
 public:
  // Begins to connect. Throws std::system_error (errc::invalid_name) where name or prefix is none.
  queue(boost::asio::any_io_executor executor, queue_options options);
  ~queue();  // as close()
  queue(queue&&) noexcept;
  queue& operator=(queue&&) = delete;

  // Adds one job and returns its id: also where it was added before, or deduplicated. What is passed is taken over
  // before the call returns. errc::invalid_id, invalid_options, too_large, overloaded: nothing was sent.
  [[nodiscard]] awaitable<std::string> add(std::string_view name, const boost::json::value& data);
  [[nodiscard]] awaitable<std::string> add(std::string_view name, const boost::json::value& data,
                                           const job_options& options);
  // Many at once: a result for each, in their order. They go in chunks, each of which is one step to Redis; some may be
  // there and others not where the connection is lost. `jobs` must outlive the call.
  [[nodiscard]] awaitable<std::vector<result<std::string>>> add_bulk(const std::vector<new_job>& jobs);

  [[nodiscard]] awaitable<job> find(std::string id);  // errc::not_found
  [[nodiscard]] awaitable<job_state> state_of(std::string id);  // job_state::unknown where there is none
  [[nodiscard]] awaitable<job_counts> counts();  // all of one moment
  // Jobs of one state from `first` to `last`, both included, counted from 0; at most 1000. Oldest first means the order
  // in which they came into the state; for waiting ones, that in which they will be taken. Ids without a hash are left
  // out.
  [[nodiscard]] awaitable<std::vector<job>> range(job_state state, std::size_t first, std::size_t last,
                                                  range_order order);
  // Lines of a job's log, from `first` to `last`, both included, at most 1000.
  [[nodiscard]] awaitable<std::vector<std::string>> logs(std::string id, std::size_t first, std::size_t last);

  // A completed or failed job is run again. errc::not_found; errc::wrong_state where it is in another state.
  [[nodiscard]] awaitable<void> retry(std::string id, retry_counters counters);
  // A delayed job is run now. errc::wrong_state.
  [[nodiscard]] awaitable<void> promote(std::string id);
  // With all that belongs to it; the children of a flow's parent stay. errc::locked, not_found, scheduled.
  [[nodiscard]] awaitable<void> remove(std::string id);
  // Up to `limit` (0: 10000) jobs of a state that were made (waiting, delayed, prioritized) or finished at least
  // `grace` ago; of the active ones only those without a lock. Returns their ids.
  [[nodiscard]] awaitable<std::vector<std::string>> clean(milliseconds grace, std::size_t limit, job_state state);
  // Removes what waits. Job schedulers' next runs stay.
  [[nodiscard]] awaitable<void> drain(drain_scope scope);
  // Removes the queue: it must be paused. errc::not_paused, has_active_jobs.
  [[nodiscard]] awaitable<void> obliterate(active_jobs force);

  // No worker takes jobs until resume(); what runs goes on, and jobs may be added.
  [[nodiscard]] awaitable<void> pause();
  [[nodiscard]] awaitable<void> resume();
  [[nodiscard]] awaitable<bool> is_paused();
  // At most that many active jobs over all workers; 0: no limit.
  [[nodiscard]] awaitable<void> set_global_concurrency(std::uint32_t most);
  // Over all workers; goes over their own. A `most` of 0: no limit.
  [[nodiscard]] awaitable<void> set_global_rate_limit(rate_limit limit);
  // How long until the next job may start under the limit in force; 0: now.
  [[nodiscard]] awaitable<milliseconds> rate_limit_wait(std::optional<std::uint32_t> most = {});

  [[nodiscard]] awaitable<void> update_progress(std::string id, const boost::json::value& progress);  // errc::not_found
  // Returns how many lines the job's log has. `keep`: the last that many stay. errc::not_found.
  [[nodiscard]] awaitable<std::size_t> log(std::string id, std::string line, std::optional<std::uint32_t> keep = {});

  // Returns what the job returned. errc::job_failed where it failed for good, timed_out after `limit`, not_found where
  // there is no such job (any more: one that is removed when it finishes is seen only by who waited before).
  // `failed_reason`, where not null, gets the reason; it must outlive the call.
  [[nodiscard]] awaitable<boost::json::value> wait_until_finished(std::string id, milliseconds limit,
                                                                  std::string* failed_reason = nullptr);

  // As `INFO memory` tells it; errc::bad_reply where the service leaves that out.
  [[nodiscard]] awaitable<storage_policy> storage();

  // The server's own words when it last refused something, for the log. Empty: never.
  const std::string& last_refusal() const noexcept;
  // Ends the connections; what waits for an answer ends with errc::closed. Safe to call again.
  void close() noexcept;

 private:
  class impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace reprise::jobs

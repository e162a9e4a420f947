// How one job is to be treated: what producers say when they add it, and what is kept in the job's `opts` (BullMQ 6's
// names and ranges; docs/features/jobs.md has the table).
//
// Values without I/O: any thread. They have constructors on purpose: g++ 12 miscompiles aggregates in coroutines.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace reprise::jobs {

using std::chrono::milliseconds;

// How long after a failed attempt the next one is. The n-th pause is `delay` (fixed) or delay * 2^(n-1) (exponential);
// with jitter j in [0,1] it is uniform in [pause * (1-j), pause].
struct backoff {
  enum class kind { fixed, exponential, other };  // how pauses grow
  kind type = kind::fixed;  // which
  milliseconds delay{0};  // the first pause
  double jitter = 0;  // in [0,1]
  // Of `other`: a strategy that Node.js workers define by this name. Our workers treat it as fixed.
  std::string name{};

  backoff() {}
  backoff(kind which, milliseconds pause, double spread = 0) : type(which), delay(pause), jitter(spread) {}  // the members in their order
};

// Which finished jobs stay. Nothing set: all. `count` 0: not even this one. `age` and `count` both hold where both are
// set; what is too old goes when another job finishes, at most `limit` of them at a time (1000 where it is not set).
struct retention {
  std::optional<std::int64_t> count{};  // ≥ 0; the newest that many stay
  std::optional<std::chrono::seconds> age{};  // since it finished; older ones go
  std::optional<std::int64_t> limit{};  // see above

  retention() {}
  static retention none() { return newest(0); }  // nothing stays
  static retention newest(std::int64_t how_many) {  // at most that many
    retention keep;
    keep.count = how_many;
    return keep;
  }
  static retention younger_than(std::chrono::seconds age, std::optional<std::int64_t> count = {}) {  // and at most `count`
    retention keep;
    keep.age = age;
    keep.count = count;
    return keep;
  }
};

// While a job with this deduplication id is under way (or `ttl` has not passed), another add with it stores nothing and
// returns the id of the job that is there.
struct deduplication {
  std::string id;                    // empty: no deduplication
  milliseconds ttl{0};               // 0: until the job has finished
  bool extend = false;               // each add begins `ttl` anew
  bool replace = false;              // a job that is still delayed is replaced by the new one
  bool keep_last_if_active = false;  // while the job is active, the last add is kept, and added when that job finishes

  deduplication() {}
  explicit deduplication(std::string name, milliseconds lasts = milliseconds(0)) : id(std::move(name)), ttl(lasts) {}  // the first two members
};

struct job_options {
  static constexpr std::uint32_t most_priority = 2'097'151;  // 2^21 - 1

  std::string id{};                        // empty: the queue counts. See errc::invalid_id for what it may not be
  milliseconds delay{0};                   // ≥ 0
  std::uint32_t priority = 0;              // 1 is first, most_priority last; 0: before all of them, in the plain list
  bool lifo = false;                       // to the front of the plain list
  std::uint32_t attempts = 0;              // at most that many; 0 and 1: one
  std::optional<jobs::backoff> backoff{};  // none: the next attempt at once
  std::optional<retention> remove_on_complete{}, remove_on_fail{};   // none: the worker's
  std::optional<std::uint32_t> keep_logs{};                          // the last that many lines stay; none: all
  std::optional<std::uint32_t> stack_trace_limit{};                  // the last that many stay; none: all; 0: none
  std::optional<std::chrono::system_clock::time_point> timestamp{};  // when it was made; none: now
  std::optional<std::uint64_t> size_limit{};  // bytes of data, as JSON, beyond which add() refuses; of a queue: its own
  jobs::deduplication deduplication{};  // none
  std::string telemetry{};  // what its maker's tracing tells its worker's; empty: nothing. BullMQ's: {"traceparent":"…"}

  job_options() {}
};

}  // namespace reprise::jobs

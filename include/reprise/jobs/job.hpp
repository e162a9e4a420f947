// A job as it was read: a value of its own, which no later change in Redis reaches.
#pragma once

#include "reprise/jobs/job_options.hpp"

#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace reprise::jobs {

enum class job_state {  // where a job is
  waiting,  // in the plain list
  prioritized,
  delayed,
  active,
  completed,
  failed,
  waiting_children,  // a flow's parent
  unknown,           // in none of them, or no such job
};

struct job {
  using time = std::chrono::system_clock::time_point;  // whole milliseconds

  std::string id;  // unique in its queue
  std::string name;  // what kind of job it is
  boost::json::value data;  // null where it is null, or where `broken` says so
  job_options options;  // as they were given
  time timestamp{};       // when it was made
  milliseconds delay{0};  // 0 once it has been promoted
  std::uint32_t priority = 0;  // 0: none
  std::uint32_t attempts_made = 0;     // attempts that ended
  std::uint32_t attempts_started = 0;  // one more for each that was interrupted by a stall
  std::uint32_t stalled_count = 0;  // how often its worker was lost
  boost::json::value progress;             // null: none yet
  boost::json::value return_value;         // null: none
  std::string failed_reason;               // of the last failed attempt, also where a later one succeeded
  std::vector<std::string> stack_trace{};  // one entry a failed attempt
  std::optional<time> processed_on{}, finished_on{};  // absent: not yet
  std::string processed_by;      // the worker's name, where it has one
  std::string deduplication_id;  // empty: none
  std::string parent_key;        // of a flow's child: its parent's key; else empty
  std::string parent;            // the same as JSON, as it was written
  std::string scheduler_id;      // of a job scheduler's run (`rjk`); else empty
  std::string deferred_failure;  // the next worker fails the job with this text, without running it; else empty
  // What of the hash cannot be read, in words: broken JSON in data or options, missing fields. Empty: all is well.
  // Workers fail such a job with this text, without running it.
  std::string broken;

  job() {}
};

}  // namespace reprise::jobs

#include "tests/interop/job_json.hpp"

#include <boost/json/parse.hpp>

#include <array>
#include <stdexcept>
#include <string>
#include <utility>

namespace interop {
namespace {

namespace json = boost::json;
namespace jobs = reprise::jobs;
using std::chrono::milliseconds;

constexpr std::array<std::pair<std::string_view, jobs::job_state>, 8> states{
    {{"waiting", jobs::job_state::waiting},
     {"prioritized", jobs::job_state::prioritized},
     {"delayed", jobs::job_state::delayed},
     {"active", jobs::job_state::active},
     {"completed", jobs::job_state::completed},
     {"failed", jobs::job_state::failed},
     {"waiting-children", jobs::job_state::waiting_children},
     {"unknown", jobs::job_state::unknown}}};

[[noreturn]] void refuse(std::string_view name) { throw std::invalid_argument("unknown option " + std::string(name)); }

jobs::backoff backoff_of(const json::value& told) {
  if (told.is_number()) return {jobs::backoff::kind::fixed, milliseconds(told.to_number<std::int64_t>())};
  jobs::backoff back;
  for (const auto& [name, value] : told.as_object()) {
    if (name == "type")
      back.type = value.as_string() == "fixed" ? jobs::backoff::kind::fixed : jobs::backoff::kind::exponential;
    else if (name == "delay")
      back.delay = milliseconds(value.to_number<std::int64_t>());
    else if (name == "jitter")
      back.jitter = value.to_number<double>();
    else
      refuse(name);
  }
  return back;
}

jobs::retention retention_of(const json::value& told) {
  if (const auto* flag = told.if_bool()) return *flag ? jobs::retention::none() : jobs::retention();
  if (told.is_number()) return jobs::retention::newest(told.to_number<std::int64_t>());
  jobs::retention keep;
  for (const auto& [name, value] : told.as_object()) {
    if (name == "count")
      keep.count = value.to_number<std::int64_t>();
    else if (name == "age")
      keep.age = std::chrono::seconds(value.to_number<std::int64_t>());
    else
      refuse(name);
  }
  return keep;
}

jobs::deduplication deduplication_of(const json::object& told) {
  jobs::deduplication once(std::string(told.at("id").as_string()));
  for (const auto& [name, value] : told) {
    if (name == "ttl")
      once.ttl = milliseconds(value.to_number<std::int64_t>());
    else if (name == "extend")
      once.extend = value.as_bool();
    else if (name == "replace")
      once.replace = value.as_bool();
    else if (name != "id")
      refuse(name);
  }
  return once;
}

std::int64_t since_1970(jobs::job::time at) {
  return std::chrono::duration_cast<milliseconds>(at.time_since_epoch()).count();
}

}  // namespace

jobs::job_options job_options_of(const json::object& told) {
  jobs::job_options options;
  for (const auto& [name, value] : told) {
    if (name == "jobId")
      options.id = value.as_string();
    else if (name == "delay")
      options.delay = milliseconds(value.to_number<std::int64_t>());
    else if (name == "priority")
      options.priority = value.to_number<std::uint32_t>();
    else if (name == "lifo")
      options.lifo = value.as_bool();
    else if (name == "attempts")
      options.attempts = value.to_number<std::uint32_t>();
    else if (name == "backoff")
      options.backoff = backoff_of(value);
    else if (name == "removeOnComplete")
      options.remove_on_complete = retention_of(value);
    else if (name == "removeOnFail")
      options.remove_on_fail = retention_of(value);
    else if (name == "keepLogs")
      options.keep_logs = value.to_number<std::uint32_t>();
    else if (name == "stackTraceLimit")
      options.stack_trace_limit = value.to_number<std::uint32_t>();
    else if (name == "deduplication")
      options.deduplication = deduplication_of(value.as_object());
    else if (name == "telemetry")
      options.telemetry = value.at("metadata").as_string();
    else
      refuse(name);
  }
  return options;
}

void read_worker_options(const json::object& told, jobs::worker_options& options) {
  for (const auto& [name, value] : told) {
    if (name == "concurrency")
      options.concurrency = value.to_number<std::size_t>();
    else if (name == "name")
      options.name = value.as_string();
    else if (name == "lockDuration")
      options.lock_duration = milliseconds(value.to_number<std::int64_t>());
    else if (name == "stalledInterval")
      options.stalled_interval = milliseconds(value.to_number<std::int64_t>());
    else if (name == "maxStalledCount")
      options.max_stalled_count = value.to_number<std::uint32_t>();
    else if (name == "drainDelay")  // in seconds, unlike the others
      options.drain_delay = milliseconds(1000 * value.to_number<std::int64_t>());
    else if (name == "limiter") {
      options.limiter.most = value.at("max").to_number<std::uint32_t>();
      options.limiter.each = milliseconds(value.at("duration").to_number<std::int64_t>());
    } else {
      refuse(name);
    }
  }
}

jobs::job_state state_of(std::string_view name) {
  if (name == "wait") return jobs::job_state::waiting;  // as clean() calls it
  for (const auto& [told, state] : states)
    if (told == name) return state;
  throw std::invalid_argument("unknown state " + std::string(name));
}

std::string_view name_of(jobs::job_state state) {
  for (const auto& [name, its] : states)
    if (its == state) return name;
  throw std::invalid_argument("a state without a name");
}

json::object told(const jobs::job& job, jobs::job_state state) {
  json::object all{{"id", job.id},
                   {"name", job.name},
                   {"data", job.data},
                   {"state", name_of(state)},
                   {"progress", job.progress.is_null() ? json::value(0) : job.progress},
                   {"returnvalue", job.return_value},
                   {"attemptsMade", job.attempts_made},
                   {"attemptsStarted", job.attempts_started},
                   {"stalledCounter", job.stalled_count},
                   {"delay", job.delay.count()},
                   {"priority", job.priority},
                   {"timestamp", since_1970(job.timestamp)},
                   {"stacktrace", job.stack_trace.size()}};
  if (!job.failed_reason.empty()) all["failedReason"] = job.failed_reason;
  if (!job.options.telemetry.empty()) all["telemetry"] = job.options.telemetry;
  if (job.processed_on) all["processedOn"] = since_1970(*job.processed_on);
  if (job.finished_on) all["finishedOn"] = since_1970(*job.finished_on);
  return all;
}

json::object told(const jobs::job_counts& counts) {
  return {{"active", counts.active},
          {"completed", counts.completed},
          {"delayed", counts.delayed},
          {"failed", counts.failed},
          {"paused", 0},
          {"prioritized", counts.prioritized},
          {"waiting", counts.waiting},
          {"waiting-children", counts.waiting_children}};
}

json::object told(const jobs::event& event) {
  json::object all{{"news", "event"}, {"event", event.name}, {"at", event.position}};
  if (!event.job_id.empty()) all["jobId"] = event.job_id;
  for (const auto& [name, value] : event.fields) {
    const bool is_json = name == "returnvalue" || name == "delay" || (name == "data" && event.name == "progress");
    all[name] = is_json ? json::parse(value) : json::value(value);
  }
  return all;
}

}  // namespace interop

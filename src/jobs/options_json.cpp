#include "src/jobs/options_json.hpp"

#include "src/jobs/keys.hpp"

#include <boost/json/serialize.hpp>

#include <cmath>

namespace reprise::jobs {
namespace {

namespace json = boost::json;

constexpr milliseconds longest_delay{std::chrono::hours(24 * 365 * 100)};  // scores stay exact for far longer

std::optional<std::int64_t> integer(const json::value* value) {
  if (value == nullptr) return std::nullopt;
  if (const auto* whole = value->if_int64()) return *whole;
  if (const auto* real = value->if_double(); real != nullptr && std::abs(*real) < 9e15)
    return static_cast<std::int64_t>(*real);
  return std::nullopt;
}

std::int64_t not_negative(const json::value* value, std::int64_t most) {
  return std::clamp<std::int64_t>(integer(value).value_or(0), 0, most);
}

bool is_true(const json::value* value) { return value != nullptr && value->is_bool() && value->get_bool(); }

json::value to_value(const retention& keep) {
  if (!keep.age && !keep.limit) {
    if (!keep.count) return false;
    if (*keep.count == 0) return true;
    return *keep.count;
  }
  json::object object;
  if (keep.age) object["age"] = keep.age->count();
  if (keep.count) object["count"] = *keep.count;
  if (keep.limit) object["limit"] = *keep.limit;
  return object;
}

json::object to_value(const backoff& pause) {
  json::object object;
  object["type"] = pause.type == backoff::kind::fixed         ? "fixed"
                   : pause.type == backoff::kind::exponential ? "exponential"
                                                              : std::string_view(pause.name);
  object["delay"] = pause.delay.count();
  if (pause.jitter > 0) object["jitter"] = pause.jitter;
  return object;
}

json::object to_value(const deduplication& once) {
  json::object object;
  object["id"] = once.id;
  if (once.ttl.count() > 0) object["ttl"] = once.ttl.count();
  if (once.extend) object["extend"] = true;
  if (once.replace) object["replace"] = true;
  if (once.keep_last_if_active) object["keepLastIfActive"] = true;
  return object;
}

std::optional<backoff> backoff_from(const json::value* value) {
  if (value == nullptr) return std::nullopt;
  if (const auto pause = integer(value))
    return backoff(backoff::kind::fixed, milliseconds(std::max<std::int64_t>(0, *pause)));
  const auto* object = value->if_object();
  if (object == nullptr) return std::nullopt;
  backoff pause;
  if (const auto* type = object->if_contains("type"); type != nullptr && type->is_string()) {
    pause.name = std::string_view(type->get_string());
    pause.type = pause.name == "fixed"         ? backoff::kind::fixed
                 : pause.name == "exponential" ? backoff::kind::exponential
                                               : backoff::kind::other;
  }
  pause.delay = milliseconds(not_negative(object->if_contains("delay"), longest_delay.count()));
  if (const auto* jitter = object->if_contains("jitter"); jitter != nullptr && jitter->is_number())
    pause.jitter = std::clamp(jitter->to_number<double>(), 0.0, 1.0);
  return pause;
}

deduplication deduplication_from(const json::object& object) {
  deduplication once;
  if (const auto* id = object.if_contains("id"); id != nullptr && id->is_string())
    once.id = std::string_view(id->get_string());
  once.ttl = milliseconds(not_negative(object.if_contains("ttl"), longest_delay.count()));
  once.extend = is_true(object.if_contains("extend"));
  once.replace = is_true(object.if_contains("replace"));
  once.keep_last_if_active = is_true(object.if_contains("keepLastIfActive"));
  return once;
}

bool is_valid(const std::optional<retention>& keep) {
  return !keep || ((!keep->count || *keep->count >= 0) && (!keep->age || keep->age->count() >= 0) &&
                   (!keep->limit || *keep->limit > 0));
}

}  // namespace

boost::system::error_code check(const job_options& options) {
  if (!options.id.empty() && !is_valid_job_id(options.id)) return errc::invalid_id;
  const auto is_delay = [](milliseconds time) { return time.count() >= 0 && time <= longest_delay; };
  const auto& pause = options.backoff;
  const bool is_backoff = !pause || (is_delay(pause->delay) && pause->jitter >= 0 && pause->jitter <= 1);
  if (!is_delay(options.delay) || options.priority > job_options::most_priority || !is_backoff ||
      !is_delay(options.deduplication.ttl) || !is_valid(options.remove_on_complete) ||
      !is_valid(options.remove_on_fail) || (options.timestamp && options.timestamp->time_since_epoch().count() < 0))
    return errc::invalid_options;
  return {};
}

std::string to_json(const job_options& options) {
  // Nearly all jobs: no tree is built for them.
  const bool is_plain = options.id.empty() && options.delay.count() == 0 && options.priority == 0 && !options.lifo &&
                        !options.backoff && !options.remove_on_complete && !options.remove_on_fail &&
                        !options.keep_logs && !options.stack_trace_limit && !options.timestamp && !options.size_limit &&
                        options.deduplication.id.empty() && options.telemetry.empty();
  if (is_plain) return "{\"attempts\":" + std::to_string(options.attempts) + "}";
  json::object object;
  object["attempts"] = options.attempts;
  if (!options.id.empty()) object["jobId"] = options.id;
  if (options.delay.count() > 0) object["delay"] = options.delay.count();
  if (options.priority > 0) object["priority"] = options.priority;
  if (options.lifo) object["lifo"] = true;
  if (options.backoff) object["backoff"] = to_value(*options.backoff);
  if (options.remove_on_complete) object["removeOnComplete"] = to_value(*options.remove_on_complete);
  if (options.remove_on_fail) object["removeOnFail"] = to_value(*options.remove_on_fail);
  if (options.keep_logs) object["kl"] = *options.keep_logs;
  if (options.stack_trace_limit) object["stackTraceLimit"] = *options.stack_trace_limit;
  if (options.timestamp)
    object["timestamp"] = std::chrono::duration_cast<milliseconds>(options.timestamp->time_since_epoch()).count();
  if (options.size_limit) object["sizeLimit"] = *options.size_limit;
  if (!options.deduplication.id.empty()) object["de"] = to_value(options.deduplication);
  if (!options.telemetry.empty()) object["tm"] = options.telemetry;
  return json::serialize(object);
}

std::optional<retention> retention_from(const json::value& value) {
  if (value.is_bool()) return value.get_bool() ? retention::none() : retention();
  if (const auto count = integer(&value)) return *count < 0 ? retention() : retention::newest(*count);
  const auto* object = value.if_object();
  if (object == nullptr) return std::nullopt;
  retention keep;
  if (const auto count = integer(object->if_contains("count")); count && *count >= 0) keep.count = *count;
  if (const auto age = integer(object->if_contains("age")); age && *age >= 0) keep.age = std::chrono::seconds(*age);
  if (const auto limit = integer(object->if_contains("limit")); limit && *limit > 0) keep.limit = *limit;
  return keep;
}

job_options options_from(const json::object& opts) {
  constexpr std::int64_t most = 0xffffffff;
  job_options options;
  for (const auto& [name, value] : opts) {
    if (name == "attempts")
      options.attempts = static_cast<std::uint32_t>(not_negative(&value, most));
    else if (name == "backoff")
      options.backoff = backoff_from(&value);
    else if (name == "removeOnComplete")
      options.remove_on_complete = retention_from(value);
    else if (name == "removeOnFail")
      options.remove_on_fail = retention_from(value);
    else if (name == "delay")
      options.delay = milliseconds(not_negative(&value, longest_delay.count()));
    else if (name == "priority")
      options.priority = static_cast<std::uint32_t>(not_negative(&value, job_options::most_priority));
    else if (name == "lifo")
      options.lifo = is_true(&value);
    else if (name == "jobId" && value.is_string())
      options.id = std::string_view(value.get_string());
    else if (name == "kl" && integer(&value))
      options.keep_logs = static_cast<std::uint32_t>(not_negative(&value, most));
    else if (name == "stackTraceLimit" && integer(&value))
      options.stack_trace_limit = static_cast<std::uint32_t>(not_negative(&value, most));
    else if (name == "timestamp" && integer(&value))
      options.timestamp = std::chrono::system_clock::time_point(milliseconds(not_negative(&value, 9'000'000'000'000)));
    else if (name == "sizeLimit" && integer(&value))
      options.size_limit = static_cast<std::uint64_t>(not_negative(&value, most));
    else if (name == "de" && value.is_object())
      options.deduplication = deduplication_from(value.get_object());
    else if (name == "tm" && value.is_string())
      options.telemetry = std::string_view(value.get_string());
  }
  return options;
}

}  // namespace reprise::jobs

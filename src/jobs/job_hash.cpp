#include "src/jobs/job_hash.hpp"

#include "src/jobs/options_json.hpp"

#include <boost/json/parse.hpp>

#include <charconv>
#include <utility>

namespace reprise::jobs {
namespace {

namespace json = boost::json;

json::value parsed(std::string_view text, boost::system::error_code& error) {
  json::parse_options how;
  how.max_depth = deepest_json;
  return json::parse(text, error, {}, how);
}

std::int64_t number(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value < 0 ? 0 : value;
}

std::uint32_t small_number(std::string_view text) {
  return static_cast<std::uint32_t>(std::min<std::int64_t>(number(text), 0xffffffff));
}

job::time time_of(std::string_view text) {
  return job::time(milliseconds(std::min<std::int64_t>(number(text), 9'000'000'000'000)));
}

void say(job& about, std::string what) {
  if (!about.broken.empty()) about.broken += "; ";
  about.broken += std::move(what);
}

// For people, so the same as it was: what is no JSON is shown as text.
json::value shown(std::string_view text) {
  boost::system::error_code error;
  auto value = parsed(text, error);
  if (error) return json::string(text);
  return value;
}

void read_options(job& into, std::string_view text) {
  boost::system::error_code error;
  const auto value = parsed(text, error);
  if (!error && value.is_object())
    into.options = options_from(value.get_object());
  else
    say(into, "the job's options are not a JSON object" + (error ? ": " + error.message() : ""));
}

void read_data(job& into, std::string_view text) {
  boost::system::error_code error;
  into.data = parsed(text, error);
  if (error) say(into, "the job's data is not JSON: " + error.message());
}

void read_stack(job& into, std::string_view text) {
  boost::system::error_code error;
  const auto value = parsed(text, error);
  if (error || !value.is_array()) return;
  for (const auto& entry : value.get_array())
    if (entry.is_string()) into.stack_trace.emplace_back(std::string_view(entry.get_string()));
}

void read_field(job& into, std::string_view field, std::string_view text) {
  if (field == "name")
    into.name = text;
  else if (field == "data")
    read_data(into, text);
  else if (field == "opts")
    read_options(into, text);
  else if (field == "timestamp")
    into.timestamp = time_of(text);
  else if (field == "delay")
    into.delay = milliseconds(number(text));
  else if (field == "priority")
    into.priority = small_number(text);
  else if (field == "atm")
    into.attempts_made = small_number(text);
  else if (field == "ats")
    into.attempts_started = small_number(text);
  else if (field == "stc")
    into.stalled_count = small_number(text);
  else if (field == "processedOn")
    into.processed_on = time_of(text);
  else if (field == "finishedOn")
    into.finished_on = time_of(text);
  else if (field == "pb")
    into.processed_by = text;
  else if (field == "progress")
    into.progress = shown(text);
  else if (field == "returnvalue")
    into.return_value = shown(text);
  else if (field == "failedReason")
    into.failed_reason = text;
  else if (field == "stacktrace")
    read_stack(into, text);
  else if (field == "defa")
    into.deferred_failure = text;
  else if (field == "deid")
    into.deduplication_id = text;
  else if (field == "parentKey")
    into.parent_key = text;
  else if (field == "parent")
    into.parent = text;
  else if (field == "rjk")
    into.scheduler_id = text;
}

}  // namespace

job job_from(std::string id, const reply& answer, std::size_t i, std::size_t count) {
  job read;
  read.id = std::move(id);
  bool has_name = false, has_data = false;
  for (const auto end = i + count; i + 1 < end; i += 2) {
    const auto field = answer.text(i);
    has_name = has_name || field == "name";
    has_data = has_data || field == "data";
    read_field(read, field, answer.text(i + 1));
  }
  if (!has_name || !has_data) say(read, "the job's hash is incomplete: it has no name or no data");
  return read;
}

}  // namespace reprise::jobs

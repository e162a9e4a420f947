#include "src/jobs/settlement.hpp"

#include "src/jobs/job_hash.hpp"
#include "src/jobs/retry_policy.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <utility>

namespace reprise::jobs {
namespace {

namespace json = boost::json;

std::string number(std::int64_t value) { return std::to_string(value); }

// A flow's parent as its child names it. Empty: none that we understand.
struct family {
  std::string parent_id, queue, on_failure;
};

family family_of(const job& child) {
  family found;
  if (child.parent_key.empty()) return found;
  boost::system::error_code error;
  json::parse_options how;
  how.max_depth = deepest_json;
  const auto value = json::parse(child.parent, error, {}, how);
  const auto* object = error ? nullptr : value.if_object();
  const auto text = [object](std::string_view name) -> std::string {
    const auto* field = object != nullptr ? object->if_contains(name) : nullptr;
    return field != nullptr && field->is_string() ? std::string(field->get_string()) : std::string();
  };
  found.parent_id = text("id");
  found.queue = text("queueKey");
  if (found.parent_id.empty() || found.queue.empty()) {
    const auto colon = child.parent_key.rfind(':');
    found.queue = child.parent_key.substr(0, colon);
    found.parent_id = child.parent_key.substr(colon + 1);
  }
  for (const std::string_view name : {"fpof", "cpof", "idof", "rdof"}) {
    const auto* field = object != nullptr ? object->if_contains(name) : nullptr;
    if (field == nullptr || !field->is_bool() || !field->get_bool()) continue;
    found.on_failure = name;
    break;
  }
  return found;
}

}  // namespace

std::string stack_traces(const job& what, const outcome& failure) {
  json::array all;
  for (const auto& each : what.stack_trace) all.emplace_back(each);
  all.emplace_back(failure.stack().empty() ? failure.reason() : failure.stack());
  const std::size_t most = what.options.stack_trace_limit.value_or(0xffffffff);
  if (all.size() > most) all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() - most));
  return json::serialize(all);
}

settlement settlement::of(const context& about, const outcome& what) {
  switch (what.what()) {
    case outcome::kind::completed: {
      const auto& keep = about.what.options.remove_on_complete;
      return finish(about, kind::completed, json::serialize(what.returns()),
                    keep ? *keep : about.options.remove_on_complete, nullptr);
    }
    case outcome::kind::delayed:
      return delay(about, what.pause(), nullptr);
    case outcome::kind::rate_limited:
      return give_back(about, what.pause());
    case outcome::kind::failed:
    case outcome::kind::unrecoverable:
      break;
  }
  const auto pause = next_attempt(about.what, what.what(), about.random);
  if (pause && pause->count() > 0) return delay(about, *pause, &what);
  if (pause) return retry_now(about, what);
  const auto& keep = about.what.options.remove_on_fail;
  return finish(about, kind::failed, what.reason(), keep ? *keep : about.options.remove_on_fail, &what);
}

settlement settlement::finish(const context& about, kind what, std::string text, const retention& keep,
                              const outcome* failure) {
  settlement call(what, script::finish);
  const auto& keys = about.keys;
  const auto job_key = keys.job(about.what.id);
  const bool is_completed = what == kind::completed;
  call.keys_ = {call.keep(job_key),
                call.keep(job_key + ":lock"),
                call.keep(job_key + ":dependencies"),
                call.keep(job_key + ":unsuccessful"),
                keys.active,
                keys.stalled,
                keys.events,
                keys.meta,
                is_completed ? keys.completed : keys.failed,
                keys.wait,
                keys.prioritized,
                keys.pc,
                keys.delayed,
                keys.marker,
                keys.limiter};
  call.arguments_ = {keys.prefix, about.what.id, about.token};
  call.put(number(about.now));
  call.arguments_.push_back(is_completed ? "returnvalue" : "failedReason");
  call.put(std::move(text));
  call.arguments_.push_back(is_completed ? "completed" : "failed");
  call.put(number(about.what.attempts_made + 1));
  call.put(keep.count ? number(*keep.count) : std::string());
  call.takes_next_ = !about.next_token.empty();
  call.put(about.next_token);
  call.put(number(about.options.lock_duration.count()));
  call.put_worker(about);
  if (keep.age) call.put_more("age", number(keep.age->count()));
  if (keep.limit) call.put_more("limit", number(*keep.limit));
  if (failure != nullptr) {
    call.put_more("attempts", number(about.what.options.attempts));
    call.put_more("stacktrace", stack_traces(about.what, *failure));
    if (!about.what.deferred_failure.empty()) call.put_more("defa", "1");
  }
  call.put_family(about);
  return call;
}

// What the taking of the next job wants to know of this worker.
void settlement::put_worker(const context& about) {
  if (!about.options.name.empty()) put_more("name", about.options.name);
  if (about.options.limiter.most == 0) return;
  put_more("max", number(about.options.limiter.most));
  put_more("duration", number(about.options.limiter.each.count()));
}

void settlement::put_family(const context& about) {
  if (!about.what.deduplication_id.empty()) put_more("deid", about.what.deduplication_id);
  auto parent = family_of(about.what);
  if (parent.parent_id.empty()) return;
  put_more("parentKey", about.what.parent_key);
  put_more("parentQueue", std::move(parent.queue));
  put_more("parentId", std::move(parent.parent_id));
  if (!parent.on_failure.empty()) put_more("onFailure", std::move(parent.on_failure));
}

settlement settlement::delay(const context& about, milliseconds pause, const outcome* failure) {
  settlement call(failure != nullptr ? kind::retried : kind::delayed, script::delay);
  const auto& keys = about.keys;
  const auto job_key = keys.job(about.what.id);
  call.keys_ = {call.keep(job_key),
                call.keep(job_key + ":lock"),
                keys.active,
                keys.stalled,
                keys.events,
                keys.meta,
                keys.wait,
                keys.prioritized,
                keys.pc,
                keys.delayed,
                keys.marker,
                keys.limiter};
  call.arguments_ = {keys.prefix, about.what.id, about.token};
  call.put(number(about.now));
  call.put(number(std::max<std::int64_t>(1, pause.count())));
  call.put(failure != nullptr ? number(about.what.attempts_made + 1) : std::string());
  call.takes_next_ = !about.next_token.empty();
  call.put(about.next_token);
  call.put(number(about.options.lock_duration.count()));
  call.put_worker(about);
  if (failure == nullptr) return call;
  call.put_more("failedReason", failure->reason());
  call.put_more("stacktrace", stack_traces(about.what, *failure));
  return call;
}

settlement settlement::retry_now(const context& about, const outcome& failure) {
  settlement call(kind::retried, script::retry_now);
  const auto& keys = about.keys;
  const auto job_key = keys.job(about.what.id);
  call.keys_ = {call.keep(job_key),
                call.keep(job_key + ":lock"),
                keys.active,
                keys.stalled,
                keys.events,
                keys.meta,
                keys.wait,
                keys.prioritized,
                keys.pc,
                keys.delayed,
                keys.marker};
  call.arguments_ = {keys.prefix, about.what.id, about.token};
  call.put(number(about.now));
  call.arguments_.push_back(about.what.options.lifo ? "RPUSH" : "LPUSH");
  call.put(number(about.what.attempts_made + 1));
  call.put(failure.reason());
  call.put(stack_traces(about.what, failure));
  return call;
}

settlement settlement::give_back(const context& about, milliseconds pause) {
  settlement call(kind::given_back, script::give_back);
  const auto& keys = about.keys;
  const auto job_key = keys.job(about.what.id);
  call.keys_ = {call.keep(job_key), call.keep(job_key + ":lock"),
                keys.active,        keys.stalled,
                keys.events,        keys.meta,
                keys.wait,          keys.prioritized,
                keys.marker,        keys.limiter};
  call.arguments_ = {about.what.id, about.token};
  call.put(number(std::max<std::int64_t>(0, pause.count())));
  return call;
}

}  // namespace reprise::jobs

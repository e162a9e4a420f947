// Moving and removing jobs, and what holds for the whole queue.
#include "src/jobs/queue_impl.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <utility>

namespace reprise::jobs {
namespace {

// How many jobs one call to Redis removes: it does nothing else meanwhile.
constexpr std::size_t most_removed_a_call = 500;
constexpr std::size_t most_cleaned = 10'000;

}  // namespace

awaitable<void> queue::impl::retry(std::string id, retry_counters counters) {
  const auto self = shared_from_this();
  // As it was added: to the front where its options say so. (Priority is in the hash.)
  const auto found = co_await find(id);
  if (!found) co_return found.error();
  const auto key = keys_.job(id);
  const std::string_view again = counters == retry_counters::reset ? "1" : "0";
  const std::string_view push = found->options.lifo ? "RPUSH" : "LPUSH";
  for (const bool has_failed : {true, false}) {
    const std::string_view keys[] = {key,         has_failed ? keys_.failed : keys_.completed,
                                     keys_.wait,  keys_.prioritized,
                                     keys_.pc,    keys_.active,
                                     keys_.meta,  keys_.marker,
                                     keys_.events};
    const std::string_view arguments[] = {id, has_failed ? "failed" : "completed",
                                          has_failed ? "failedReason" : "returnvalue", again, push};
    const auto code = co_await number_of(run(script::retry, keys, arguments));
    if (!code) co_return code.error();
    if (*code == -1) co_return errc::not_found;
    if (*code == 0) co_return result<void>();
  }
  co_return errc::wrong_state;
}

awaitable<void> queue::impl::promote(std::string id) {
  const auto self = shared_from_this();
  const auto key = keys_.job(id);
  const std::string_view keys[] = {key,          keys_.delayed, keys_.wait,   keys_.prioritized, keys_.pc,
                                   keys_.active, keys_.meta,    keys_.marker, keys_.events};
  const std::string_view arguments[] = {id};
  const auto code = co_await number_of(run(script::promote, keys, arguments));
  if (!code) co_return code.error();
  if (*code == -1) co_return errc::not_found;
  if (*code < 0) co_return errc::wrong_state;
  co_return result<void>();
}

awaitable<void> queue::impl::remove(std::string id) {
  const auto self = shared_from_this();
  const auto key = keys_.job(id), lock = keys_.of(id + ":lock"), now = std::to_string(now_in_milliseconds());
  const std::string_view keys[] = {
      key,           lock,         keys_.meta,        keys_.events, keys_.completed, keys_.waiting_children,
      keys_.delayed, keys_.failed, keys_.prioritized, keys_.wait,   keys_.paused,    keys_.active};
  const std::string_view arguments[] = {keys_.prefix, id, now};
  const auto code = co_await number_of(run(script::remove, keys, arguments));
  if (!code) co_return code.error();
  if (*code == -1) co_return errc::not_found;
  if (*code == -8) co_return errc::scheduled;
  if (*code == 0) co_return errc::locked;
  co_return result<void>();
}

awaitable<std::vector<std::string>> queue::impl::clean(milliseconds grace, std::size_t limit, job_state state) {
  const auto self = shared_from_this();
  constexpr std::string_view names[] = {"wait", "prioritized", "delayed", "active", "completed", "failed"};
  if (state == job_state::unknown || state == job_state::waiting_children) co_return errc::invalid_options;
  const auto name = names[static_cast<std::size_t>(state)];
  const auto now = now_in_milliseconds();
  const auto time = std::to_string(now), before = std::to_string(now - grace.count());
  const std::string_view keys[] = {list_of(state), keys_.events};
  const std::string_view is_list = state == job_state::waiting || state == job_state::active ? "1" : "0";
  std::vector<std::string> removed;
  if (limit == 0) limit = most_cleaned;
  while (removed.size() < limit) {
    const auto chunk = std::min(most_removed_a_call, limit - removed.size());
    const auto most = std::to_string(chunk);
    const std::string_view arguments[] = {keys_.prefix, time, before, most, name, is_list};
    const auto answer = co_await run(script::clean, keys, arguments);
    if (!answer) co_return answer.error();
    if (answer->is_error(0)) co_return errc::refused;
    for (std::size_t i = 1; i <= answer->count(0); ++i) removed.emplace_back(answer->text(i));
    if (answer->count(0) < chunk) break;
  }
  co_return removed;
}

awaitable<void> queue::impl::drain(drain_scope scope) {
  const auto self = shared_from_this();
  const std::string_view all[] = {keys_.wait, keys_.paused, keys_.prioritized, keys_.delayed};
  const auto keys = link::words(all).first(scope == drain_scope::waiting_and_delayed ? 4 : 3);
  const auto now = std::to_string(now_in_milliseconds()), most = std::to_string(most_removed_a_call);
  std::vector<std::string> left(keys.size(), "0");
  for (;;) {
    std::vector<std::string_view> arguments{keys_.prefix, now, most};
    arguments.insert(arguments.end(), left.begin(), left.end());
    const auto answer = co_await run(script::drain, keys, arguments);
    if (!answer) co_return answer.error();
    if (answer->is_error(0)) co_return errc::refused;
    if (answer->count(0) != 1 + keys.size()) co_return errc::bad_reply;
    std::vector<std::string> now_left;
    for (std::size_t i = 0; i < keys.size(); ++i) now_left.emplace_back(answer->text(2 + i));
    if (answer->integer(1) == 0 && now_left == left) co_return result<void>();
    left = std::move(now_left);
  }
}

awaitable<void> queue::impl::obliterate(active_jobs force) {
  const auto self = shared_from_this();
  const auto now = std::to_string(now_in_milliseconds()), most = std::to_string(most_removed_a_call);
  const auto done = keys_.of("metrics:completed"), failed = keys_.of("metrics:failed");
  const auto done_data = done + ":data", failed_data = failed + ":data";
  const std::string_view keys[] = {keys_.meta,
                                   keys_.active,
                                   keys_.wait,
                                   keys_.paused,
                                   keys_.prioritized,
                                   keys_.delayed,
                                   keys_.completed,
                                   keys_.failed,
                                   keys_.waiting_children,
                                   keys_.repeat,
                                   keys_.events,
                                   keys_.stalled,
                                   keys_.stalled_check,
                                   keys_.id,
                                   keys_.pc,
                                   keys_.marker,
                                   keys_.limiter,
                                   done,
                                   failed,
                                   done_data,
                                   failed_data};
  const std::string_view arguments[] = {keys_.prefix, now, most, force == active_jobs::remove ? "1" : "0"};
  for (;;) {
    const auto code = co_await number_of(run(script::obliterate, keys, arguments));
    if (!code) co_return code.error();
    if (*code == -1) co_return errc::not_paused;
    if (*code == -2) co_return errc::has_active_jobs;
    if (*code == 0) co_return result<void>();
  }
}

awaitable<void> queue::impl::pause() {
  const auto self = shared_from_this();
  const std::string_view keys[] = {keys_.meta, keys_.marker, keys_.events};
  const auto code = co_await number_of(run(script::pause, keys, {}));
  if (!code) co_return code.error();
  co_return result<void>();
}

awaitable<void> queue::impl::resume() {
  const auto self = shared_from_this();
  const std::string_view keys[] = {keys_.meta,    keys_.wait,   keys_.paused, keys_.prioritized,
                                   keys_.delayed, keys_.marker, keys_.events};
  for (std::string_view is_first = "1";; is_first = "0") {
    const std::string_view arguments[] = {is_first};
    const auto left = co_await number_of(run(script::resume, keys, arguments));
    if (!left) co_return left.error();
    if (*left == 0) co_return result<void>();
  }
}

awaitable<void> queue::impl::set_global_concurrency(std::uint32_t most) {
  const auto self = shared_from_this();
  const auto number = std::to_string(most);
  const std::string_view set[] = {"HSET", keys_.meta, "concurrency", number},
                         unset[] = {"HDEL", keys_.meta, "concurrency"};
  const auto code = co_await number_of(command(most > 0 ? link::words(set) : link::words(unset)));
  if (!code) co_return code.error();
  co_return result<void>();
}

awaitable<void> queue::impl::set_global_rate_limit(rate_limit limit) {
  const auto self = shared_from_this();
  if (limit.most > 0 && limit.each.count() <= 0) co_return errc::invalid_options;
  const auto most = std::to_string(limit.most), each = std::to_string(limit.each.count());
  const std::string_view set[] = {"HSET", keys_.meta, "max", most, "duration", each},
                         unset[] = {"HDEL", keys_.meta, "max", "duration"};
  const auto code = co_await number_of(command(limit.most > 0 ? link::words(set) : link::words(unset)));
  if (!code) co_return code.error();
  co_return result<void>();
}

awaitable<void> queue::impl::update_progress(std::string id, const boost::json::value& progress) {
  const auto key = keys_.job(id), most = std::to_string(options_.most_events), text = boost::json::serialize(progress);
  const std::string_view keys[] = {key, keys_.events, keys_.meta}, arguments[] = {id, text, most};
  // Taken over here: what was passed need not outlive this call.
  return [](std::shared_ptr<impl> self, awaitable<reply> call) -> awaitable<void> {
    const auto code = co_await self->number_of(std::move(call));
    if (!code) co_return code.error();
    if (*code < 0) co_return errc::not_found;
    co_return result<void>();
  }(shared_from_this(), run(script::progress, keys, arguments));
}

awaitable<std::size_t> queue::impl::log(std::string id, std::string line, std::optional<std::uint32_t> keep) {
  const auto self = shared_from_this();
  const auto key = keys_.job(id), logs = key + ":logs", most = keep ? std::to_string(*keep) : std::string();
  const std::string_view keys[] = {key, logs}, arguments[] = {line, most};
  const auto count = co_await number_of(run(script::log, keys, arguments));
  if (!count) co_return count.error();
  if (*count < 0) co_return errc::not_found;
  co_return static_cast<std::size_t>(*count);
}

}  // namespace reprise::jobs

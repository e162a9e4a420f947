// Reading.
#include "src/jobs/job_hash.hpp"
#include "src/jobs/queue_impl.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace reprise::jobs {
namespace {

constexpr std::size_t longest_page = 1000;

// Of INFO's lines, what stands behind `name`; empty where there is no such line.
std::string_view line_of(std::string_view info, std::string_view name) noexcept {
  const auto at = info.find(name);
  if (at == std::string_view::npos || (at > 0 && info[at - 1] != '\n')) return {};
  const auto rest = info.substr(at + name.size());
  return rest.substr(0, rest.find_first_of("\r\n"));
}

bool is_list(job_state state) noexcept { return state == job_state::waiting || state == job_state::active; }

}  // namespace

std::string_view queue::impl::list_of(job_state state) const noexcept {
  switch (state) {
    case job_state::waiting:
      return keys_.wait;
    case job_state::prioritized:
      return keys_.prioritized;
    case job_state::delayed:
      return keys_.delayed;
    case job_state::active:
      return keys_.active;
    case job_state::completed:
      return keys_.completed;
    case job_state::failed:
      return keys_.failed;
    case job_state::waiting_children:
      return keys_.waiting_children;
    case job_state::unknown:
      break;
  }
  return {};
}

awaitable<job> queue::impl::find(std::string id) {
  const auto self = shared_from_this();
  const auto key = keys_.job(id);
  const std::string_view words[] = {"HGETALL", key};
  const auto answer = co_await command(words);
  if (!answer) co_return answer.error();
  if (answer->is_error(0)) co_return errc::refused;
  if (answer->count(0) == 0) co_return errc::not_found;
  co_return job_from(std::move(id), *answer, 1, answer->count(0));
}

awaitable<job_state> queue::impl::state_of(std::string id) {
  const auto self = shared_from_this();
  const std::string_view keys[] = {keys_.completed, keys_.failed, keys_.delayed, keys_.prioritized,
                                   keys_.active,    keys_.wait,   keys_.paused,  keys_.waiting_children};
  const std::string_view arguments[] = {id};
  const auto answer = co_await run(script::state, keys, arguments);
  if (!answer) co_return answer.error();
  if (answer->is_error(0)) co_return errc::refused;
  const auto name = answer->text(0);
  if (name == "waiting") co_return job_state::waiting;
  if (name == "prioritized") co_return job_state::prioritized;
  if (name == "delayed") co_return job_state::delayed;
  if (name == "active") co_return job_state::active;
  if (name == "completed") co_return job_state::completed;
  if (name == "failed") co_return job_state::failed;
  if (name == "waiting-children") co_return job_state::waiting_children;
  co_return job_state::unknown;
}

awaitable<job_counts> queue::impl::counts() {
  const auto self = shared_from_this();
  if (const auto error = begin()) co_return error;
  const auto push = [this](std::string_view command, std::string_view key) {
    const std::string_view words[] = {command, key};
    link_->push(words);
  };
  push("LLEN", keys_.wait);
  push("LLEN", keys_.paused);
  push("LLEN", keys_.active);
  for (const std::string_view key :
       {std::string_view(keys_.prioritized), std::string_view(keys_.delayed), std::string_view(keys_.completed),
        std::string_view(keys_.failed), std::string_view(keys_.waiting_children)})
    push("ZCARD", key);
  const auto answer = co_await link_->wait(options_.deadline);
  if (!answer) co_return answer.error();
  std::uint64_t numbers[8];
  for (std::size_t i = 0; i < 8; ++i) {
    if (answer->is_error(i)) co_return errc::refused;
    const auto value = answer->integer(i);
    if (!value) co_return errc::bad_reply;
    numbers[i] = static_cast<std::uint64_t>(*value);
  }
  job_counts all;
  all.waiting = numbers[0] + numbers[1];
  all.active = numbers[2];
  all.prioritized = numbers[3];
  all.delayed = numbers[4];
  all.completed = numbers[5];
  all.failed = numbers[6];
  all.waiting_children = numbers[7];
  co_return all;
}

awaitable<std::vector<job>> queue::impl::range(job_state state, std::size_t first, std::size_t last,
                                               range_order order) {
  const auto self = shared_from_this();
  const auto key = list_of(state);
  if (key.empty() || last < first) co_return std::vector<job>();
  last = std::min(last, first + longest_page - 1);
  auto from = std::to_string(first), to = std::to_string(last);
  // In a list the oldest are at its end.
  const bool is_reversed = is_list(state) == (order == range_order::oldest_first);
  if (is_list(state) && is_reversed) {
    from = "-" + std::to_string(last + 1);
    to = "-" + std::to_string(first + 1);
  }
  const std::string_view words[] = {is_list(state) ? "LRANGE" : is_reversed ? "ZREVRANGE" : "ZRANGE", key, from, to};
  const auto ids = co_await command(words);
  if (!ids) co_return ids.error();
  if (ids->is_error(0)) co_return errc::refused;
  const auto count = ids->count(0);
  if (count == 0) co_return std::vector<job>();
  std::vector<std::string> found;
  for (std::size_t i = 1; i <= count; ++i) found.emplace_back(ids->text(i));
  if (is_list(state) && is_reversed) std::reverse(found.begin(), found.end());
  if (const auto error = begin()) co_return error;
  for (const auto& id : found) {
    const auto hash = keys_.job(id);
    const std::string_view read[] = {"HGETALL", hash};
    link_->push(read);
  }
  const auto hashes = co_await link_->wait(options_.deadline);
  if (!hashes) co_return hashes.error();
  std::vector<job> jobs;
  std::size_t at = 0;
  for (auto& id : found) {
    if (hashes->count(at) > 0) jobs.push_back(job_from(std::move(id), *hashes, at + 1, hashes->count(at)));
    if (at < hashes->size()) at = hashes->next(at);
  }
  co_return jobs;
}

awaitable<std::vector<std::string>> queue::impl::logs(std::string id, std::size_t first, std::size_t last) {
  const auto self = shared_from_this();
  if (last < first) co_return std::vector<std::string>();
  const auto key = keys_.of(id + ":logs");
  const auto from = std::to_string(first), to = std::to_string(std::min(last, first + longest_page - 1));
  const std::string_view words[] = {"LRANGE", key, from, to};
  const auto answer = co_await command(words);
  if (!answer) co_return answer.error();
  if (answer->is_error(0)) co_return errc::refused;
  std::vector<std::string> lines;
  for (std::size_t i = 1; i <= answer->count(0); ++i) lines.emplace_back(answer->text(i));
  co_return lines;
}

awaitable<bool> queue::impl::is_paused() {
  const auto self = shared_from_this();
  const std::string_view words[] = {"HEXISTS", keys_.meta, "paused"};
  const auto answer = co_await number_of(command(words));
  if (!answer) co_return answer.error();
  co_return *answer == 1;
}

awaitable<storage_policy> queue::impl::storage() {
  const auto self = shared_from_this();
  const std::string_view words[] = {"INFO", "memory"};
  const auto answer = co_await command(words);
  if (!answer) co_return answer.error();
  if (answer->is_error(0)) co_return errc::refused;
  storage_policy policy;
  policy.eviction = line_of(answer->text(0), "maxmemory_policy:");
  const auto bytes = line_of(answer->text(0), "maxmemory:");
  std::from_chars(bytes.data(), bytes.data() + bytes.size(), policy.most_bytes);
  if (policy.eviction.empty()) co_return errc::bad_reply;
  co_return policy;
}

awaitable<milliseconds> queue::impl::rate_limit_wait(std::optional<std::uint32_t> most) {
  const auto self = shared_from_this();
  if (const auto error = begin()) co_return error;
  const std::string_view own[] = {"HGET", keys_.meta, "max"}, started[] = {"GET", keys_.limiter},
                         left[] = {"PTTL", keys_.limiter};
  link_->push(own);
  link_->push(started);
  link_->push(left);
  const auto answer = co_await link_->wait(options_.deadline);
  if (!answer) co_return answer.error();
  for (std::size_t i = 0; i < 3; ++i)
    if (answer->is_error(i)) co_return errc::refused;
  std::int64_t limit = answer->integer(0).value_or(0);
  if (limit == 0 && most) limit = *most;
  if (limit == 0 || answer->integer(1).value_or(0) < limit) co_return milliseconds(0);
  co_return milliseconds(std::max<std::int64_t>(0, answer->integer(2).value_or(0)));
}

awaitable<boost::json::value> queue::impl::wait_until_finished(std::string id, milliseconds limit,
                                                               std::string* failed_reason) {
  const auto self = shared_from_this();
  if (!watch_) watch_ = std::make_shared<finish_watch>(link_, options_, keys_);
  const auto watch = watch_;
  auto finished = co_await watch->wait(std::move(id), limit);
  if (!finished) co_return finished.error();
  if (finished->has_failed) {
    if (failed_reason != nullptr) *failed_reason = std::move(finished->text);
    co_return errc::job_failed;
  }
  boost::system::error_code error;
  boost::json::parse_options how;
  how.max_depth = deepest_json;
  auto value = boost::json::parse(finished->text, error, {}, how);
  if (error) co_return errc::bad_reply;
  co_return value;
}

}  // namespace reprise::jobs

// Taking jobs, and waiting where there are none.
#include "src/jobs/job_hash.hpp"
#include "src/jobs/worker_impl.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace reprise::jobs {
namespace {

namespace asio = boost::asio;

constexpr milliseconds shortest_pause{50};
constexpr std::chrono::seconds longest_pause{5};
constexpr milliseconds longest_block{10'000};  // while a delayed job is known
constexpr milliseconds longest_limit{30'000};  // of one look at the rate limit
constexpr std::size_t most_taken_a_call = 64;  // Redis does nothing else meanwhile
// What is still to be taken for a while is not waited for more precisely: Redis < 7.0.8 waits for ever with less.
constexpr std::int64_t shortest_block = 2;

}  // namespace

std::string worker::impl::new_token() { return token_base_ + ":" + std::to_string(tokens_++); }

void worker::impl::limit_until(milliseconds limited) noexcept {
  if (limited.count() > 0) limited_until_ = std::max(limited_until_, clock::now() + std::min(limited, longest_limit));
}

// The limit was met by a job that ended, while take_jobs() waits for news of which there may be none.
asio::awaitable<void> worker::impl::wake_when_allowed() {
  const auto self = shared_from_this();
  allowed_.expires_at(limited_until_);
  (void)co_await allowed_.async_wait(asio::as_tuple(asio::use_awaitable));
  is_waking_ = false;
  const std::string_view news[] = {"ZADD", keys_.marker, "0", "0"};
  if (may_take()) (void)co_await calls_->command(news, options_.deadline);
}

asio::awaitable<void> worker::impl::sleep(clock::time_point until) {
  news_.expires_at(until);
  (void)co_await news_.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<void> worker::impl::take_jobs() {
  const auto self = shared_from_this();
  core::backoff pauses(shortest_pause, longest_pause);
  while (!is_closing_) {
    if (is_paused_ || fibers_ >= options_.concurrency) {
      co_await sleep(clock::time_point::max());
      continue;
    }
    if (limited_until_ > clock::now()) {
      co_await sleep(limited_until_);
      continue;
    }
    const auto wanted = std::min(options_.concurrency - fibers_, most_taken_a_call);
    is_taking_ = true;
    auto found = co_await take(wanted);
    is_taking_ = false;
    if (is_closing_) idle_.cancel();
    if (!found) {
      if (is_closing_) break;
      if (found.error() == errc::refused) warn("take", "no job can be taken: " + calls_->last_refusal());
      const auto pause = pauses.next(std::uniform_real_distribution<>(0, 1)(random_));
      co_await sleep(clock::now() + pause);
      if (found.error() != errc::refused) co_await calls_->connected(longest_pause);
      continue;
    }
    pauses.reset();
    for (auto& one : found->jobs) {
      ++fibers_;
      asio::co_spawn(
          executor_, [self, one = std::move(one)]() mutable { return self->run_jobs(std::move(one)); }, asio::detached);
    }
    limit_until(found->limited);
    // As many as there were places: there may be more. Fewer: there are no more now.
    if (found->jobs.size() < wanted && found->limited.count() == 0 && may_take()) co_await wait_for_news(found->due);
  }
}

asio::awaitable<result<worker::impl::taken>> worker::impl::take(std::size_t wanted) {
  const auto token = new_token();
  const auto now = std::to_string(now_in_milliseconds()), lock = std::to_string(options_.lock_duration.count());
  const auto count = std::to_string(wanted);
  const auto max = options_.limiter.most > 0 ? std::to_string(options_.limiter.most) : std::string();
  const auto duration = options_.limiter.most > 0 ? std::to_string(options_.limiter.each.count()) : std::string();
  const std::string_view keys[] = {keys_.meta,    keys_.wait,   keys_.active, keys_.prioritized, keys_.pc,
                                   keys_.delayed, keys_.marker, keys_.events, keys_.limiter};
  const std::string_view arguments[] = {keys_.prefix, now, token, lock, count, options_.name, max, duration};
  const auto answer = co_await calls_->run(script::take, keys, arguments);
  if (!answer) {
    if (answer.error() != errc::unknown_outcome) co_return answer.error();
    // Jobs that it may have taken wait for us under this token.
    co_return co_await reclaim(token);
  }
  if (answer->is_error(0)) co_return errc::refused;
  co_return taken_from(*answer, token, true);
}

// After a take without an answer.
asio::awaitable<worker::impl::taken> worker::impl::reclaim(std::string token) {
  core::backoff pauses(shortest_pause, longest_pause);
  const std::string_view keys[] = {keys_.active}, arguments[] = {keys_.prefix, token};
  asio::steady_timer pause(executor_);
  while (!is_abandoned_) {
    const auto answer = co_await calls_->run(script::reclaim, keys, arguments);
    if (answer && !answer->is_error(0)) co_return taken_from(*answer, token, false);
    pause.expires_after(pauses.next(std::uniform_real_distribution<>(0, 1)(random_)));
    (void)co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return taken();
}

// [ms until the rate limit allows more, ms since 1970 when the next is due, [field, value, …, id], …]
worker::impl::taken worker::impl::taken_from(const reply& answer, const std::string& token, bool counts_start,
                                             std::size_t first) {
  taken found;
  if (answer.count(0) < 2) return found;
  found.limited = milliseconds(std::max<std::int64_t>(0, answer.integer(1).value_or(0)));
  found.due = answer.integer(2).value_or(0);
  for (auto at = first; at < answer.size(); at = answer.next(at)) {
    const auto count = answer.count(at);
    if (count == 0) continue;
    auto what = job_from(std::string(answer.text(at + count)), answer, at + 1, count - 1);
    if (counts_start) {  // the hash is from before that
      ++what.attempts_started;
      what.processed_on = job::time(milliseconds(now_in_milliseconds()));
      what.processed_by = options_.name;
    }
    found.jobs.push_back(std::make_shared<running>(weak_from_this(), std::move(what), token));
  }
  return found;
}

// Until there is work, or the time at which it had better be looked for without news.
asio::awaitable<void> worker::impl::wait_for_news(std::int64_t due) {
  while (may_take()) {
    const auto now = now_in_milliseconds();
    if (due > 0 && due <= now) co_return;
    auto block = options_.drain_delay;
    if (due > 0) block = std::min(milliseconds(std::max(due - now, shortest_block)), longest_block);
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.3f", static_cast<double>(block.count()) / 1000);
    const std::string_view words[] = {"BZPOPMIN", keys_.marker, seconds};
    const auto answer = co_await marker_->command(words, block + options_.deadline);
    if (!answer || answer->is_error(0)) {
      // Without news, by looking now and then.
      if (!is_closing_) co_await sleep(clock::now() + std::min(block, milliseconds(1000)));
      co_return;
    }
    if (answer->is_null(0) || answer->count(0) < 3) co_return;  // nothing happened
    double score = 0;
    const auto text = answer->text(3);
    std::from_chars(text.data(), text.data() + text.size(), score);
    if (score <= static_cast<double>(now_in_milliseconds())) {
      if (may_take()) co_return;
      // It was paused meanwhile: the news are for others.
      const std::string_view back[] = {"ZADD", keys_.marker, "0", "0"};
      (void)co_await calls_->command(back, options_.deadline);
      co_return;
    }
    due = static_cast<std::int64_t>(score);
  }
}

}  // namespace reprise::jobs

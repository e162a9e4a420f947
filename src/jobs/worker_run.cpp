// Running a job, and writing what came of it: until it is written, or the job is not ours any more.
#include "src/jobs/worker_impl.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

namespace reprise::jobs {
namespace {

namespace asio = boost::asio;

constexpr milliseconds shortest_pause{50};
constexpr std::chrono::seconds longest_pause{10};

}  // namespace

// One of up to `concurrency` fibers: a job, and then the next that came with the answer to its outcome.
asio::awaitable<void> worker::impl::run_jobs(std::shared_ptr<running> first) {
  const auto self = shared_from_this();
  auto one = std::move(first);
  while (one && !is_abandoned_) {
    running_.insert(one.get());
    auto next = std::shared_ptr<running>();
    {
      const auto what = co_await run_handler(one);
      if (!is_abandoned_) next = co_await settle(one, what);
    }
    running_.erase(one.get());
    one = std::move(next);
  }
  --fibers_;
  news_.cancel();
  if (fibers_ == 0) idle_.cancel();
}

asio::awaitable<outcome> worker::impl::run_handler(std::shared_ptr<running> one) {
  const auto& what = one->what;
  if (!what.deferred_failure.empty()) co_return outcome::unrecoverable(what.deferred_failure);
  if (!what.broken.empty()) {
    warn("broken", "job " + what.id + " cannot be run: " + what.broken);
    co_return outcome::unrecoverable(what.broken);
  }
  std::string reason;
  try {
    co_return co_await handler_(what, *one);
  } catch (const std::exception& problem) {
    reason = problem.what();
  } catch (...) {
    reason = "an exception that says nothing";
  }
  co_return outcome::failed(std::move(reason));
}

// Returns the next job, where one came along.
asio::awaitable<std::shared_ptr<worker::impl::running>> worker::impl::settle(std::shared_ptr<running> one,
                                                                             const outcome& what) {
  std::int64_t code = 0;
  auto next = std::shared_ptr<running>();
  if (fibers_ > 1 && is_plain(one->what, what)) {
    auto done = co_await finish_together(one, what);
    code = done.code;
    next = std::move(done.next);
  } else {
    const bool takes_next = may_take() && fibers_ <= options_.concurrency && limited_until_ <= clock::now();
    const auto next_token = takes_next ? new_token() : std::string();
    const settlement::context about{keys_,
                                    options_,
                                    one->what,
                                    one->token(),
                                    next_token,
                                    now_in_milliseconds(),
                                    std::uniform_real_distribution<>(0, 1)(random_)};
    const auto call = settlement::of(about, what);
    bool is_unsure = false;
    const auto answer = co_await write(one->what.id, call.which(), call.keys(), call.arguments(), is_unsure);
    if (!answer) co_return nullptr;  // abandoned
    code = answer->is_array(0) ? 0 : answer->integer(0).value_or(-1);
    taken found;
    if (code >= 0) {
      found = taken_from(*answer, next_token, true);
      if (call.what() == settlement::kind::given_back) found.limited = what.pause();
    } else if (is_unsure && (code == -1 || code == -2 || code == -3)) {
      // The first try was executed and its answer lost: then it has released the lock. What it took is found by its
      // token.
      code = 0;
      if (call.takes_next()) found = co_await reclaim(next_token);
    }
    if (code >= 0) count(call.what());
    meet_limit(found.limited);
    if (!found.jobs.empty()) next = std::move(found.jobs.front());
  }
  if (code == -4 || code == -9) {
    std::string reason = "job " + one->what.id + (code == -4 ? " has pending children" : " has failed children");
    const auto failure = outcome::failed(std::move(reason));
    co_return co_await settle(one, failure);
  }
  if (code < 0)
    lost(*one, code == -6 ? "another worker has its lock" : code == -1 ? "it was removed" : "its lock has expired");
  co_return next;
}

void worker::impl::meet_limit(milliseconds limited) {
  limit_until(limited);
  if (limited_until_ > clock::now() && !std::exchange(is_waking_, true))
    asio::co_spawn(
        executor_, [self = shared_from_this()] { return self->wake_when_allowed(); }, asio::detached);
}

// Sends it until there is an answer that is one. `is_unsure`: an earlier try may have been executed. `id`: for the log.
asio::awaitable<std::optional<reply>> worker::impl::write(std::string id, script which, link::words keys,
                                                          link::words arguments, bool& is_unsure) {
  core::backoff pauses(shortest_pause, longest_pause);
  std::optional<asio::steady_timer> pause;
  while (!is_abandoned_) {
    auto answer = co_await calls_->run(which, keys, arguments);
    if (answer && !answer->is_error(0)) co_return std::move(*answer);
    if (answer) {
      warn("outcome", "the outcome of job " + id + " is refused, and will be tried again: " + calls_->last_refusal());
    } else {
      is_unsure = is_unsure || answer.error() == errc::unknown_outcome;
      warn("outcome", "the outcome of job " + id + " could not be written yet: " + answer.error().message());
    }
    if (is_abandoned_) break;
    pause.emplace(executor_, pauses.next(std::uniform_real_distribution<>(0, 1)(random_)));
    (void)co_await pause->async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return std::nullopt;
}

void worker::impl::count(settlement::kind what) noexcept {
  switch (what) {
    case settlement::kind::completed:
      ++counts_.completed;
      break;
    case settlement::kind::failed:
      ++counts_.failed;
      break;
    case settlement::kind::retried:
      ++counts_.retried;
      break;
    case settlement::kind::delayed:
    case settlement::kind::given_back:
      ++counts_.delayed;
      break;
  }
}

void worker::impl::lost(running& one, std::string_view why) {
  ++counts_.lock_lost;
  warn("lost", "the outcome of job " + one.what.id + " is not written: " + std::string(why));
}

}  // namespace reprise::jobs

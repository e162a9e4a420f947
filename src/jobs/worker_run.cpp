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
  bool is_written = false, is_unsure = false;
  std::int64_t code = 0;
  taken found;
  if (call.is_plain()) {
    auto [error, its_code, next] = co_await written_together(one, call, next_token);
    is_written = !error;
    // A server that refuses a script may have executed its beginning.
    is_unsure = error == errc::unknown_outcome || error == errc::refused;
    code = its_code;
    if (next) found.jobs.push_back(std::move(next));
  }
  if (!is_written) {
    const auto answer = co_await write(one, call, is_unsure);
    if (!answer) co_return nullptr;  // abandoned
    code = answer->is_array(0) ? 0 : answer->integer(0).value_or(-1);
    if (code == 0) found = taken_from(*answer, {&next_token, 1}, true);
  }
  if (code == -4 || code == -9) {
    std::string reason = "job " + one->what.id + (code == -4 ? " has pending children" : " has failed children");
    const auto failure = outcome::failed(std::move(reason));
    co_return co_await settle(one, failure);
  }
  if (code >= 0) {
    count(call.what());
    if (call.what() == settlement::kind::given_back) limit_until(what.pause());
  } else if (is_unsure && code != -6) {
    // The first try was executed and its answer lost: then it has released the lock. What it took is found by its
    // token.
    count(call.what());
    if (call.takes_next()) found = co_await reclaim(next_token);
  } else {
    lost(*one, code == -6 ? "another worker has its lock" : code == -1 ? "it was removed" : "its lock has expired");
  }
  limit_until(found.limited);
  if (limited_until_ > clock::now() && !std::exchange(is_waking_, true))
    asio::co_spawn(
        executor_, [self = shared_from_this()] { return self->wake_when_allowed(); }, asio::detached);
  if (found.jobs.empty()) co_return nullptr;
  co_return std::move(found.jobs.front());
}

asio::awaitable<worker::impl::completed> worker::impl::written_together(const std::shared_ptr<running>& one,
                                                                        const settlement& call,
                                                                        const std::string& next_token) {
  auto token = asio::as_tuple(asio::use_awaitable);
  co_return co_await asio::async_initiate<decltype(token),
                                          void(boost::system::error_code, int, std::shared_ptr<running>)>(
      [&](auto handler) {
        complete({one, std::string(call.text()), next_token, completion::done_handler(std::move(handler))});
      },
      token);
}

// Sends it until there is an answer that is one. `is_unsure`: an earlier try may have been executed.
asio::awaitable<std::optional<reply>> worker::impl::write(std::shared_ptr<running> one, const settlement& call,
                                                          bool& is_unsure) {
  core::backoff pauses(shortest_pause, longest_pause);
  asio::steady_timer pause(executor_);
  while (!is_abandoned_) {
    auto answer = co_await calls_->run(call.which(), call.keys(), call.arguments());
    if (answer && !answer->is_error(0)) co_return std::move(*answer);
    if (answer) {
      warn("outcome",
           "the outcome of job " + one->what.id + " is refused, and will be tried again: " + calls_->last_refusal());
    } else {
      is_unsure = is_unsure || answer.error() == errc::unknown_outcome;
      warn("outcome", "the outcome of job " + one->what.id + " could not be written yet: " + answer.error().message());
    }
    if (is_abandoned_) break;
    pause.expires_after(pauses.next(std::uniform_real_distribution<>(0, 1)(random_)));
    (void)co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
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

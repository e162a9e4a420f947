#include "src/jobs/finish_watch.hpp"

#include "src/jobs/event_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancel_after.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace reprise::jobs {
namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

constexpr milliseconds block{5000};            // of one XREAD
constexpr std::chrono::seconds look_again{5};  // by asking for the job itself: events may have been trimmed away
constexpr std::chrono::seconds last_look{1};   // for the event of a job that is gone
constexpr milliseconds pause_after_error{200};

link::settings link_settings(const queue_options& options) {
  link::settings settings;
  settings.redis = options.redis;
  settings.key = queue_keys(options.prefix, options.name).meta;
  settings.client_name = client_name(options.prefix, options.name, ":qe");
  settings.deadline = options.deadline;
  settings.has_scripts = false;
  settings.logger = options.logger;
  settings.log_name = options.name + " (events)";
  return settings;
}

}  // namespace

struct finish_watch::waiter {
  explicit waiter(const asio::any_io_executor& executor) : changed(executor) {}
  std::optional<finished> outcome;
  asio::steady_timer changed;
};

finish_watch::finish_watch(std::shared_ptr<link> calls, const queue_options& options, const queue_keys& keys)
    : calls_(std::move(calls)),
      events_(std::make_shared<link>(calls_->executor(), link_settings(options))),
      keys_(keys),
      deadline_(options.deadline),
      listening_(calls_->executor(), clock::time_point::max()) {
  events_->start();
}

void finish_watch::close() noexcept {
  is_closed_ = true;
  events_->close();
  listening_.cancel();
  for (auto& [id, each] : waiters_) each->changed.cancel();
}

awaitable<finish_watch::finished> finish_watch::wait(std::string id, milliseconds limit) {
  const auto self = shared_from_this();
  const auto end = clock::now() + limit;
  waiter mine(calls_->executor());
  const auto place = waiters_.emplace(id, &mine);
  const std::shared_ptr<void> leaves(nullptr, [this, place](void*) { waiters_.erase(place); });
  // First listen, then ask: so nothing can happen between the two.
  co_await until_listening(end);
  for (bool was_there = false; !mine.outcome;) {
    if (is_closed_) co_return errc::closed;
    auto answer = co_await ask(id);
    if (mine.outcome) break;
    bool is_gone = false;
    if (answer) {
      if (*answer) co_return std::move(**answer);
      was_there = true;
    } else if (answer.error() == errc::not_found) {
      if (!was_there) co_return errc::not_found;
      is_gone = true;
    } else if (answer.error() == errc::refused) {
      co_return answer.error();
    }
    if (clock::now() >= end) co_return errc::timed_out;
    const auto pause = is_gone ? last_look : look_again;
    mine.changed.expires_at(std::min(end, clock::now() + pause));
    (void)co_await mine.changed.async_wait(asio::as_tuple(asio::use_awaitable));
    if (is_gone && !mine.outcome) co_return errc::not_found;
  }
  co_return std::move(*mine.outcome);
}

asio::awaitable<void> finish_watch::until_listening(clock::time_point end) {
  if (!std::exchange(is_running_, true)) {
    position_.clear();
    asio::co_spawn(
        calls_->executor(), [self = shared_from_this()] { return self->listen(); }, asio::detached);
  }
  while (position_.empty() && !is_closed_ && clock::now() < end)
    (void)co_await listening_.async_wait(asio::cancel_at(end, asio::as_tuple(asio::use_awaitable)));
}

asio::awaitable<void> finish_watch::listen() {
  const auto self = shared_from_this();
  const auto wait = std::to_string(block.count());
  asio::steady_timer pause(calls_->executor());
  while (!is_closed_ && !waiters_.empty()) {
    const bool is_first = position_.empty();
    const std::string_view last[] = {"XREVRANGE", keys_.events, "+", "-", "COUNT", "1"},
                           news[] = {"XREAD", "COUNT", "1000", "BLOCK", wait, "STREAMS", keys_.events, position_};
    const auto words = is_first ? link::words(last) : link::words(news);
    const auto answer = co_await events_->command(words, block + deadline_);
    if (!answer || answer->is_error(0)) {
      pause.expires_after(pause_after_error);
      (void)co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
      continue;
    }
    if (is_first) {
      position_ = last_position(*answer);
      listening_.cancel();
      continue;
    }
    for (const auto& one : events_in(*answer)) {
      position_ = one.position;
      if (one.name != "completed" && one.name != "failed") continue;
      const auto [from, to] = waiters_.equal_range(one.job_id);
      for (auto each = from; each != to; ++each) {
        finished outcome;
        outcome.has_failed = one.name == "failed";
        outcome.text = one.field(outcome.has_failed ? "failedReason" : "returnvalue");
        each->second->outcome = std::move(outcome);
        each->second->changed.cancel();
      }
    }
  }
  is_running_ = false;
}

awaitable<std::optional<finish_watch::finished>> finish_watch::ask(const std::string& id) {
  const auto job = keys_.job(id);
  const std::string_view keys[] = {keys_.completed, keys_.failed, job}, arguments[] = {id};
  const auto answer = co_await calls_->run(script::finished, keys, arguments);
  if (!answer) co_return answer.error();
  if (answer->is_error(0)) co_return errc::refused;
  const auto code = answer->integer(1);
  if (!code) co_return errc::bad_reply;
  if (*code == -1) co_return errc::not_found;
  if (*code == 0) co_return std::nullopt;
  finished outcome;
  outcome.has_failed = *code == 2;
  outcome.text = answer->text(2);
  co_return outcome;
}

}  // namespace reprise::jobs

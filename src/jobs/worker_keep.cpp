// What goes on beside the jobs: renewing their locks, and finding those of workers that are gone.
#include "src/jobs/worker_impl.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace reprise::jobs {
namespace {

namespace asio = boost::asio;

constexpr std::size_t most_renewed_a_call = 200;
constexpr std::chrono::seconds quiet{30};

}  // namespace

// One timer for all jobs, four times as often as their locks would expire.
asio::awaitable<void> worker::impl::keep_locks() {
  const auto self = shared_from_this();
  const auto period = options_.lock_duration / 4;
  while (!is_abandoned_) {
    renewal_.expires_after(period);
    (void)co_await renewal_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (is_abandoned_) break;
    std::vector<std::shared_ptr<running>> due;
    for (auto* one : running_)
      if (!one->is_lost && one->renewed + period <= clock::now() + period / 4) due.push_back(one->shared_from_this());
    for (std::size_t from = 0; from < due.size(); from += most_renewed_a_call) {
      const auto to = std::min(due.size(), from + most_renewed_a_call);
      std::vector<std::shared_ptr<running>> some(due.begin() + static_cast<std::ptrdiff_t>(from),
                                                 due.begin() + static_cast<std::ptrdiff_t>(to));
      co_await renew(std::move(some));
    }
  }
}

asio::awaitable<void> worker::impl::renew(std::vector<std::shared_ptr<running>> some) {
  const auto duration = std::to_string(options_.lock_duration.count());
  const std::string_view keys[] = {keys_.stalled};
  std::vector<std::string_view> arguments{keys_.prefix, duration};
  for (const auto& one : some) {
    arguments.push_back(one->what.id);
    arguments.push_back(one->token());
  }
  const auto sent = clock::now();
  const auto answer = co_await calls_->run(script::extend_locks, keys, arguments);
  const bool is_done = answer && !answer->is_error(0);
  if (answer && !is_done) warn("locks", "locks cannot be renewed: " + calls_->last_refusal());
  std::vector<std::string_view> lost_ids;
  if (is_done)
    for (std::size_t i = 1; i <= answer->count(0); ++i) lost_ids.push_back(answer->text(i));
  for (const auto& one : some) {
    const bool is_lost = std::find(lost_ids.begin(), lost_ids.end(), one->what.id) != lost_ids.end();
    if (is_done && !is_lost) one->renewed = sent;
    // Without an answer for so long, it has expired by now.
    if (!is_lost && clock::now() - one->renewed < options_.lock_duration) continue;
    // One whose outcome was written meanwhile has no lock any more, and has lost nothing.
    if (!running_.contains(one.get())) continue;
    one->is_lost = true;
    one->stop();
  }
}

asio::awaitable<void> worker::impl::find_stalled() {
  const auto self = shared_from_this();
  const auto interval = std::to_string(options_.stalled_interval.count()),
             most = std::to_string(options_.max_stalled_count);
  const std::string_view keys[] = {keys_.stalled, keys_.wait,   keys_.active, keys_.stalled_check,
                                   keys_.meta,    keys_.marker, keys_.events, keys_.repeat};
  while (!is_closing_) {
    const auto now = std::to_string(now_in_milliseconds());
    const std::string_view arguments[] = {keys_.prefix, now, interval, most};
    const auto answer = co_await calls_->run(script::stalled, keys, arguments);
    if (answer && answer->is_error(0)) warn("stalled", "stalled jobs cannot be looked for: " + calls_->last_refusal());
    if (answer && answer->count(0) > 0) {
      counts_.stalled += answer->count(0);
      warn("stalled", "job " + std::string(answer->text(1)) + " had stalled, and runs again");
    }
    if (is_closing_) break;
    stalled_check_.expires_after(options_.stalled_interval);
    (void)co_await stalled_check_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

void worker::impl::warn(std::string_view kind, std::string_view text) {
  if (!options_.logger) return;
  const auto now = clock::now();
  auto at = said_.find(kind);
  if (at == said_.end()) at = said_.emplace(kind, now - quiet).first;
  if (now - at->second < quiet) return;
  at->second = now;
  options_.logger->warn("[Jobs] {}: {}", options_.queue, text);
}

}  // namespace reprise::jobs

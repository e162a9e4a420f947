// What stands behind a worker: taking is in worker_take.cpp, running and writing outcomes in worker_run.cpp, what keeps
// locks and finds stalled jobs in worker_keep.cpp.
#pragma once

#include "reprise/jobs/worker.hpp"
#include "src/jobs/keys.hpp"
#include "src/jobs/link.hpp"
#include "src/jobs/settlement.hpp"
#include "src/jobs/time.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace reprise::jobs {

class worker::impl : public std::enable_shared_from_this<impl> {
 public:
  using clock = std::chrono::steady_clock;

  impl(boost::asio::any_io_executor executor, worker_options options, handler run);
  void start();
  void pause() noexcept { is_paused_ = true; }
  void resume() noexcept;
  bool is_paused() const noexcept { return is_paused_; }
  boost::asio::awaitable<std::size_t> close(milliseconds limit);
  void abandon() noexcept;  // all at once, as a process that dies
  const counters& counts() noexcept;
  bool is_connected() const noexcept { return calls_->is_connected(); }

 private:
  class running;  // a job in a handler's hands, or whose outcome is being written

  // What a script that takes jobs has answered.
  struct taken {
    std::vector<std::shared_ptr<running>> jobs;
    milliseconds limited{0};  // no job starts before that time has passed
    std::int64_t due = 0;     // ms since 1970, of the next delayed job; 0: unknown or none

    taken() {}
  };

  // What became of an outcome that was written together with others.
  struct written {
    std::int64_t code = 0;  // of finish.lua
    std::shared_ptr<running> next;

    written() {}
  };
  struct finish_group;

  // worker_take.cpp
  boost::asio::awaitable<void> take_jobs();
  boost::asio::awaitable<result<taken>> take(std::size_t wanted);
  boost::asio::awaitable<taken> reclaim(std::string token);
  boost::asio::awaitable<void> wait_for_news(std::int64_t due);
  boost::asio::awaitable<void> sleep(clock::time_point until);
  // The jobs begin at the node `first`.
  taken taken_from(const reply& answer, const std::string& token, bool counts_start, std::size_t first = 3);
  std::string new_token();
  bool may_take() const noexcept { return !is_closing_ && !is_paused_; }
  void limit_until(milliseconds limited) noexcept;
  boost::asio::awaitable<void> wake_when_allowed();

  // worker_run.cpp
  boost::asio::awaitable<void> run_jobs(std::shared_ptr<running> first);
  boost::asio::awaitable<outcome> run_handler(std::shared_ptr<running> one);
  boost::asio::awaitable<std::shared_ptr<running>> settle(std::shared_ptr<running> one, const outcome& what);
  boost::asio::awaitable<std::optional<reply>> write(std::string id, script which, link::words keys,
                                                     link::words arguments, bool& is_unsure);
  void meet_limit(milliseconds limited);
  void count(settlement::kind what) noexcept;
  void lost(running& one, std::string_view why);

  // worker_group.cpp
  static bool is_plain(const job& what, const outcome& came) noexcept;
  boost::asio::awaitable<written> finish_together(std::shared_ptr<running> one, const outcome& what);
  boost::asio::awaitable<void> write_group(std::shared_ptr<finish_group> group);

  // worker_keep.cpp
  boost::asio::awaitable<void> keep_locks();
  boost::asio::awaitable<void> renew(std::vector<std::shared_ptr<running>> some);
  boost::asio::awaitable<void> find_stalled();
  // Says it in the log, unless it has said something of that kind within half a minute.
  void warn(std::string_view kind, std::string_view text);

  boost::asio::any_io_executor executor_;
  worker_options options_;
  queue_keys keys_;
  handler handler_;
  std::shared_ptr<link> calls_, marker_;  // what never waits, and what waits for news
  std::string token_base_;
  std::uint64_t tokens_ = 0;
  std::minstd_rand random_;
  std::set<running*> running_;
  std::shared_ptr<finish_group> finishing_;  // outcomes of this turn, to be written together
  std::size_t fibers_ = 0;                   // coroutines that run jobs, at most `concurrency`
  bool is_paused_ = false, is_closing_ = false, is_abandoned_ = false;
  bool is_taking_ = false;  // a call that takes jobs is under way
  bool is_waking_ = false;  // wake_when_allowed is under way
  clock::time_point limited_until_{};
  boost::asio::steady_timer news_;  // cancelled when a fiber has ended, and by resume() and close()
  boost::asio::steady_timer idle_;  // cancelled when the last fiber, or a take, has ended
  boost::asio::steady_timer renewal_, stalled_check_, allowed_;
  counters counts_;
  std::map<std::string, clock::time_point, std::less<>> said_;  // when the log was told of what last
};

// A job that this worker has taken, and what its handler may do with it.
class worker::impl::running final : public job_context, public std::enable_shared_from_this<running> {
 public:
  running(std::weak_ptr<impl> owner, job taken, std::string token)
      : what(std::move(taken)), token_(std::move(token)), owner_(std::move(owner)) {}

  awaitable<void> update_progress(const boost::json::value& progress) override;
  awaitable<std::size_t> log(std::string_view line) override;
  bool is_lock_lost() const noexcept override { return is_lost; }
  bool is_closing() const noexcept override;
  void on_stop(std::function<void()> callback) override { stop_ = std::move(callback); }
  const std::string& token() const noexcept override { return token_; }
  void stop();

  job what;
  bool is_lost = false;
  clock::time_point renewed = clock::now();

 private:
  std::string token_;
  std::weak_ptr<impl> owner_;
  std::function<void()> stop_;
};

}  // namespace reprise::jobs

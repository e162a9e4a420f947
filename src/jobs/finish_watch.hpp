// Waits for jobs to finish: one connection listens to the queue's events for all who wait, and only while somebody
// does.
//
// Not thread-safe: lives on its link's executor. Owned by shared_ptr.
#pragma once

#include "reprise/jobs/queue.hpp"
#include "src/jobs/keys.hpp"
#include "src/jobs/link.hpp"

#include <boost/asio/steady_timer.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace reprise::jobs {

class finish_watch : public std::enable_shared_from_this<finish_watch> {
 public:
  struct finished {
    bool has_failed = false;
    std::string text;  // what it returned, as JSON, or the reason

    finished() {}
  };

  finish_watch(std::shared_ptr<link> calls, const queue_options& options, const queue_keys& keys);

  // errc::not_found, errc::timed_out, and those of calls.
  awaitable<finished> wait(std::string id, milliseconds limit);
  void close() noexcept;

 private:
  struct waiter;

  boost::asio::awaitable<void> listen();
  boost::asio::awaitable<void> until_listening(std::chrono::steady_clock::time_point end);
  awaitable<std::optional<finished>> ask(const std::string& id);

  std::shared_ptr<link> calls_, events_;
  const queue_keys keys_;
  const milliseconds deadline_;
  std::multimap<std::string, waiter*, std::less<>> waiters_;
  bool is_running_ = false, is_closed_ = false;
  std::string position_;                 // of the last event seen; empty: not listening yet
  boost::asio::steady_timer listening_;  // cancelled when there is a position
};

}  // namespace reprise::jobs

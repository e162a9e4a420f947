// Makes a write wait until nobody can show what was before it: every node whose lease was there after the commit has
// acknowledged the write's rows, or uses something else by now, or its lease is over. One observer for the process, one
// reading of the log for all writes that wait; with nobody waiting it does nothing.
//
// When a lease is over is decided without comparing clocks: it was seen with a count, and a reading that was sent longer
// than a lease later, by this process's own clock, still shows that count. (The lease was counted from before its renewal
// was sent, so it began before it was seen.) Whoever sees that sets the lease to nothing, so that a dead node costs one
// write and not all.
//
// Thread-safe. It must outlive its callers' coroutines (it holds itself while it looks).
#pragma once

#include "reprise/environment.hpp"
#include "reprise/invalidation_log.hpp"
#include "src/engine/parked.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace reprise::engine {

class observer : public std::enable_shared_from_this<observer> {
 public:
  using duration = std::chrono::steady_clock::duration;
  struct timing {
    duration lease;   // how long a lease lasts
    duration margin;  // added to that, for clocks that run at different speeds
    duration pause;   // between two readings
    duration limit;   // the longest that a write waits
  };

  observer(std::shared_ptr<invalidation_log> log, std::shared_ptr<environment> world, timing times)
      : log_(std::move(log)), world_(std::move(world)), times_(times) {}

  // Waits for the rows of a committed write. `own`: the identity that has executed their invalidation for this process
  // already, empty for none. errc::not_acknowledged where it cannot be learned within the limit.
  boost::asio::awaitable<result<void>> rows_acknowledged(std::vector<invalidation_log::row_number> rows, std::string own);
  // Waits until every node works under the epoch, or under nothing.
  boost::asio::awaitable<result<void>> epoch_reached(std::int64_t epoch);

  // Writes that wait now.
  std::size_t waiting() const;

 private:
  struct waiter {
    std::vector<invalidation_log::row_number> rows;
    std::string own;
    std::int64_t epoch = 0;  // of a purge; 0: this waiter is for rows
    environment::steady_time deadline;
    bool has_looked = false;
    std::map<std::string, std::string> open{};  // node → the identity that its lease named: still to be waited for
    parked handle{};
    bool done = false;
  };
  // A node's lease as it was last seen, and since when with this count.
  struct seen_lease {
    invalidation_log::lease lease;
    environment::steady_time since;
    bool is_over = false;
  };
  using waiters = std::vector<std::shared_ptr<waiter>>;

  boost::asio::awaitable<result<void>> wait(std::shared_ptr<waiter> who);
  boost::asio::awaitable<void> watch();
  boost::asio::awaitable<void> look(const waiters& now);
  waiters take_new(waiters still);
  void note(const std::vector<invalidation_log::lease>& leases, environment::steady_time sent);
  std::vector<invalidation_log::lease> over();
  bool is_settled(waiter& who, const invalidation_log::observation& seen) const;

  const std::shared_ptr<invalidation_log> log_;
  const std::shared_ptr<environment> world_;
  const timing times_;

  mutable std::mutex mutex_;  // guards joined_, watching_ and waiting_
  waiters joined_;            // since the last reading was sent
  bool watching_ = false;
  std::size_t waiting_ = 0;
  std::map<std::string, seen_lease> seen_;  // the watching coroutine's own
};

}  // namespace reprise::engine

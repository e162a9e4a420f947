// One reading of the log for all who ask before it begins: one round under way, and one for whoever comes meanwhile. So
// refusals, however many there are, never queue up in front of the leases.
//
// Thread-safe.
#pragma once

#include "reprise/errc.hpp"
#include "reprise/key.hpp"
#include "src/engine/parked.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace reprise::engine {

// Rows that somebody with a lease has not acknowledged, and what they invalidate.
struct pending_rows {
  std::vector<std::int64_t> numbers;
  std::vector<scope> scopes;
  // False: some are another version's, and nobody here can say what they invalidate; or a write that is still to be carried
  // out, which invalidating now would come before.
  bool is_readable = true;
};

class pending_reader {
 public:
  using answer = result<std::shared_ptr<const pending_rows>>;
  using reading = boost::asio::awaitable<answer>;

  // What a reading that began after this call gave. `read` makes a reading; this, and what it refers to, must outlive
  // the caller and the round, which `owner` sees to.
  reading join(std::function<reading()> read, std::shared_ptr<const void> owner) {
    auto who = std::make_shared<waiter>();
    const auto executor = co_await boost::asio::this_coro::executor;
    co_await park([&](parked handle) {
      bool begins = false;
      {
        const std::lock_guard lock(mutex_);
        who->handle = std::move(handle);
        joined_.push_back(who);
        begins = !std::exchange(under_way_, true);
      }
      if (begins) boost::asio::co_spawn(executor, rounds(std::move(read), std::move(owner)), boost::asio::detached);
    });
    co_return who->outcome;
  }

 private:
  struct waiter {
    parked handle{};
    answer outcome = std::shared_ptr<const pending_rows>();
  };

  boost::asio::awaitable<void> rounds(std::function<reading()> read, std::shared_ptr<const void> owner) {
    const auto kept = std::move(owner);
    for (;;) {
      std::vector<std::shared_ptr<waiter>> now;
      {
        const std::lock_guard lock(mutex_);
        now.swap(joined_);
        if (now.empty()) under_way_ = false;
      }
      if (now.empty()) co_return;
      const auto outcome = co_await read();
      for (const auto& who : now) {
        who->outcome = outcome;
        who->handle.wake();
      }
    }
  }

  std::mutex mutex_;
  std::vector<std::shared_ptr<waiter>> joined_;  // since the round that is under way began
  bool under_way_ = false;
};

}  // namespace reprise::engine

// Requests that wait for news of a payment, and those who have some. News may come from this process, or from another
// one through the queue's events; what is told is only that there may be some, and whoever waits looks again.
//
//   auto place = watch.begin(payment_id);        // before the look: what happens after it is not missed
//   … look …
//   co_await place.wait(deadline);
//
// Thread-safe. Must outlive the places.
#pragma once

#include "server/domain/id.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace bookings {

class payment_watch {
 public:
  static constexpr std::size_t most_places = 10'000;  // beyond it nobody waits

  // For one coroutine. It is made and used on one single-threaded executor.
  class place {
   public:
    place(payment_watch& owner, const bookings::id& payment_id, const boost::asio::any_io_executor& executor);
    ~place();
    place(const place&) = delete;
    // Returns when somebody has told of the payment since the last wait(), at the deadline, or when the watch is
    // closed.
    boost::asio::awaitable<void> wait(std::chrono::steady_clock::time_point deadline);

   private:
    friend class payment_watch;
    struct state;
    payment_watch& owner_;
    const std::string payment_id_;
    std::shared_ptr<state> state_;  // null where there was no room
  };

  // There may be news of it.
  void tell(const bookings::id& payment_id);
  // There may be news of all: whoever told of them was away.
  void tell_all();
  // Nobody waits any more, now and later: for the end of the process.
  void close();
  bool is_closed() const;

 private:
  mutable std::mutex mutex_;  // guards these
  std::unordered_multimap<std::string, std::shared_ptr<place::state>> places_;
  bool is_closed_ = false;
};

}  // namespace bookings

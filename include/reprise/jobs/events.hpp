// What happens in a queue, in its order, whoever does it: `added`, `waiting`, `active`, `progress`, `completed`,
// `failed`, `delayed`, `stalled`, `drained` and the rest of BullMQ's events.
//
//   reprise::jobs::event_listener events(executor, options);
//   for (;;) {
//     const auto news = co_await events.next(std::chrono::seconds(10));
//     …
//   }
//
// Redis keeps about the last 10,000. A listener that remembers an event's `position` and begins there again misses none
// of those; one that falls further behind is not told of it.
//
// Thread safety: none. Make, use and destroy it on `executor`; one next() at a time.
#pragma once

#include "reprise/jobs/errc.hpp"
#include "reprise/jobs/queue.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reprise::jobs {

struct event {  // one thing that happened
  std::string position;  // "<ms>-<n>", grows: where to go on after this one
  std::string name;      // "completed"; the names of others may come too
  std::string job_id;    // empty where the event is the queue's: paused, resumed, drained, cleaned
  // The rest, as it was written: prev, returnvalue (JSON), failedReason (text), data (JSON), delay (ms since 1970), …
  std::vector<std::pair<std::string, std::string>> fields;

  event() {}
  // The field's text; empty where there is none.
  std::string_view field(std::string_view name) const noexcept;
};

struct event_options {  // which queue, and from where on
  std::string queue;  // the queue's name
  std::string prefix = "bull";  // and prefix, as the queue's options have it
  redis_options redis{};  // where the queue is
  std::string after{};  // begin after this position; "0": with the oldest; empty: with what happens from now on
  std::size_t most_events = 1000;  // in one answer
  milliseconds deadline{5000};     // of each call, beyond the time that it waits for news
  std::shared_ptr<spdlog::logger> logger{};  // null: silence

  event_options() {}
};

class event_listener {  // reads the events of one queue
 public:
  event_listener(boost::asio::any_io_executor executor, event_options options);  // throws as the queue
  ~event_listener();
  event_listener(event_listener&&) noexcept;
  event_listener& operator=(event_listener&&) = delete;

  // Returns when `position()` is known: from then on nothing is missed. next() does it by itself.
  [[nodiscard]] awaitable<void> begin();
  // The next events, oldest first; empty after `wait` without any. An error loses none: call again.
  [[nodiscard]] awaitable<std::vector<event>> next(milliseconds wait);
  const std::string& position() const noexcept;  // of the last event that was returned
  void close() noexcept;

 private:
  class impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace reprise::jobs

// The job queue as the dashboard sees it: counts, lists, and trying a failed job again. It connects when it is first
// asked, with a connection of its own, and keeps that.
//
// Thread-safe. Calls are awaited anywhere and resume there; each ends within queue_options::deadline.
#pragma once

#include "reprise/jobs/queue.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace bookings::ops {

class job_desk {
 public:
  template <class T>
  using awaitable = boost::asio::awaitable<reprise::jobs::result<T>>;

  // `executor`: one that a single thread runs.
  job_desk(boost::asio::any_io_executor executor, reprise::jobs::queue_options options);
  ~job_desk();

  awaitable<reprise::jobs::job_counts> counts();
  awaitable<std::vector<reprise::jobs::job>> range(reprise::jobs::job_state state, std::size_t first, std::size_t last);
  awaitable<void> retry(std::string id);
  // Ends what is under way; what is asked later is errc::closed.
  void close();

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace bookings::ops

// How often who may do what. Which route counts as what stands with the route (router.hpp, `throttle`); this is the
// policy: how many, and counted by what.
//
// Counted in Redis where it is in use, so that all nodes share a limit, in one round trip; else, and while Redis does
// not answer in time, in this process's memory: then each node counts for itself, from nothing.
//
// Thread-safe. Must outlive the pipeline.
#pragma once

#include "reprise/response_cache.hpp"
#include "server/http/local_rates.hpp"
#include "server/http/request.hpp"
#include "server/http/router.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace bookings::http {

class rate_limits {
 public:
  struct options {
    std::string deployment = "default";  // those that share a Redis count apart
    int sign_ins = 30;                   // a minute and address (an IPv6 client: its /64); 0: no limit
    int fan_outs = 60;                   // a minute and user
  };
  rate_limits(reprise::response_cache& cache, options wanted) : cache_(cache), options_(std::move(wanted)) {}

  // Counts the request. Absent: it may go on. Else in how many whole seconds it may come again, at least one: rounded
  // up, so that who waits that long is not refused again for coming a moment early.
  boost::asio::awaitable<std::optional<std::chrono::seconds>> refuse(const request& what, throttle counts_as);

 private:
  reprise::response_cache& cache_;
  const options options_;
  local_rates local_;
};

}  // namespace bookings::http

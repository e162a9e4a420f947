#include "server/http/rate_limits.hpp"

#include "server/http/client_address.hpp"

namespace bookings::http {

using std::chrono::microseconds;
using std::chrono::seconds;

boost::asio::awaitable<std::optional<seconds>> rate_limits::refuse(const request& what, throttle counts_as) {
  int a_minute = 0;
  std::string key = "reprise:rate:" + options_.deployment;
  switch (counts_as) {
    case throttle::none:
      co_return std::nullopt;
    case throttle::sign_in:
      a_minute = options_.sign_ins;
      key += ":sign-in:" + client_network(what.remote_address);
      break;
    case throttle::fan_out:
      a_minute = options_.fan_outs;
      key += ":fan-out:" + (what.identity ? what.identity->user_id : what.remote_address);
      break;
  }
  if (a_minute <= 0) co_return std::nullopt;
  const reprise::rate limit{a_minute, microseconds(std::chrono::minutes(1)) / a_minute};
  microseconds wait{0};
  const auto shared = co_await cache_.take(key, limit);
  if (shared) {
    wait = *shared;
  } else {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    wait = local_.take(key, limit, std::chrono::duration_cast<microseconds>(now));
  }
  if (wait.count() <= 0) co_return std::nullopt;
  co_return std::chrono::ceil<seconds>(wait);
}

}  // namespace bookings::http

#include "server/stores/failure_log.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

namespace bookings {

void log_store_failure(const char* operation, std::string_view why) {
  using clock = std::chrono::steady_clock;
  constexpr std::chrono::seconds quiet{10};
  struct told {
    std::optional<clock::time_point> last;
    std::uint64_t left_out = 0;
  };
  static std::mutex mutex;
  static std::map<std::string_view, told> all;  // operations are literals, so there are few

  const std::scoped_lock lock(mutex);
  auto& one = all[operation];
  const auto now = clock::now();
  if (one.last && now - *one.last < quiet) {
    ++one.left_out;
    return;
  }
  if (one.left_out > 0)
    spdlog::error("[Store] {} failed: {} ({} times more since the last such line)", operation, why, one.left_out);
  else
    spdlog::error("[Store] {} failed: {}", operation, why);
  one = {now, 0};
}

}  // namespace bookings

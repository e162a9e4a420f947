// Time as the data model has it: ms since 1970, of this process's clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace reprise::jobs {

inline std::int64_t milliseconds_since_1970(std::chrono::system_clock::time_point time) noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

inline std::int64_t now_in_milliseconds() noexcept { return milliseconds_since_1970(std::chrono::system_clock::now()); }

}  // namespace reprise::jobs

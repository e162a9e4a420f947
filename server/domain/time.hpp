// Points in time, in milliseconds of UTC, and their RFC 3339 text.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace bookings {

using time_point = std::chrono::sys_time<std::chrono::milliseconds>;

time_point now() noexcept;

// RFC 3339 section 5.6: "2026-03-01T09:30:00Z", any offset, fractions cut to milliseconds. Absent where it is anything else
// or before 1970 or after 9999.
std::optional<time_point> parse_time(std::string_view text) noexcept;

// "2026-03-01T09:30:00.000Z"
std::string format_time(time_point time);

}  // namespace bookings

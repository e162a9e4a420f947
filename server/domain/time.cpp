#include "server/domain/time.hpp"

#include <cstdint>
#include <cstdio>

namespace bookings {
namespace {

using namespace std::chrono;

constexpr time_point latest = sys_days{year{9999} / December / 31} + hours{24} - milliseconds{1};

// Reads a text from its front, each part where the grammar has it.
class scanner {
 public:
  explicit scanner(std::string_view text) noexcept : rest_(text) {}

  // Exactly `count` digits.
  std::optional<int> digits(std::size_t count) noexcept {
    if (rest_.size() < count) return {};
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_digit(rest_[i])) return {};
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }

  // Either of two characters: RFC 3339 allows "t" and "z" as well.
  bool skip(char one, char other) noexcept {
    if (rest_.empty() || (rest_[0] != one && rest_[0] != other)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool skip(char one) noexcept { return skip(one, one); }

  // The digits after a decimal point, cut to milliseconds; absent where there is no digit.
  std::optional<milliseconds> fraction() noexcept {
    std::size_t length = 0;
    int value = 0, weight = 100;
    for (; length < rest_.size() && is_digit(rest_[length]); ++length, weight /= 10) {
      value += weight * (rest_[length] - '0');
    }
    rest_.remove_prefix(length);
    if (length == 0) return {};
    return milliseconds{value};
  }

  bool at_end() const noexcept { return rest_.empty(); }

 private:
  static bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
  std::string_view rest_;
};

std::optional<sys_days> parse_date(scanner& in) noexcept {
  const auto y = in.digits(4);
  if (!y || !in.skip('-')) return {};
  const auto m = in.digits(2);
  if (!m || !in.skip('-')) return {};
  const auto d = in.digits(2);
  if (!d) return {};
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*m)}, day{static_cast<unsigned>(*d)}};
  if (!date.ok()) return {};
  return sys_days{date};
}

struct time_of_day {
  milliseconds since_midnight;
  bool leap_second;
};

std::optional<time_of_day> parse_time_of_day(scanner& in) noexcept {
  const auto h = in.digits(2);
  if (!h || *h > 23 || !in.skip(':')) return {};
  const auto m = in.digits(2);
  if (!m || *m > 59 || !in.skip(':')) return {};
  const auto s = in.digits(2);
  if (!s || *s > 60) return {};
  milliseconds fraction{0};
  if (in.skip('.')) {
    const auto digits = in.fraction();
    if (!digits) return {};
    fraction = *digits;
  }
  return time_of_day{hours{*h} + minutes{*m} + seconds{*s} + fraction, *s == 60};
}

// What must be subtracted from local time. "-00:00" (offset unknown) counts as UTC.
std::optional<minutes> parse_offset(scanner& in) noexcept {
  if (in.skip('Z', 'z')) return minutes{0};
  const bool ahead = in.skip('+');
  if (!ahead && !in.skip('-')) return {};
  const auto h = in.digits(2);
  if (!h || *h > 23 || !in.skip(':')) return {};
  const auto m = in.digits(2);
  if (!m || *m > 59) return {};
  const minutes offset = hours{*h} + minutes{*m};
  return ahead ? offset : -offset;
}

// Leap seconds come only as the last second of a month in UTC (RFC 3339 section 5.7). `time` is already the moment
// after it: this clock, as POSIX's, does not count them.
bool follows_leap_second(time_point time) noexcept {
  const auto midnight = floor<days>(time);
  return floor<seconds>(time) == midnight && year_month_day{midnight}.day() == day{1};
}

}  // namespace

time_point now() noexcept { return floor<milliseconds>(system_clock::now()); }

std::optional<time_point> parse_time(std::string_view text) noexcept {
  scanner in(text);
  const auto date = parse_date(in);
  if (!date || !in.skip('T', 't')) return {};
  const auto time = parse_time_of_day(in);
  if (!time) return {};
  const auto offset = parse_offset(in);
  if (!offset || !in.at_end()) return {};

  const time_point result = time_point{*date} + time->since_midnight - *offset;
  if (time->leap_second && !follows_leap_second(result)) return {};
  if (result < time_point{} || result > latest) return {};
  return result;
}

std::string format_time(time_point time) {
  const auto midnight = floor<days>(time);
  const year_month_day date{midnight};
  const hh_mm_ss clock{time - midnight};
  char text[64];  // 24 for the years that parse_time gives; more for others
  const int length = std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
      static_cast<int>(clock.subseconds().count()));
  return std::string(text, static_cast<std::size_t>(length));
}

}  // namespace bookings

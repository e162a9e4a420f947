#include "server/domain/money.hpp"

#include <algorithm>
#include <cmath>

namespace bookings {
namespace {

constexpr double largest_amount = 10'000'000;
constexpr int minutes_per_hour = 60;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool are_digits(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// `digits` after those that `value` holds; false where it is too much.
bool append_digits(std::int64_t& value, std::string_view digits) noexcept {
  for (const char c : digits) {
    if (__builtin_mul_overflow(value, std::int64_t{10}, &value)) return false;
    if (__builtin_add_overflow(value, std::int64_t{c - '0'}, &value)) return false;
  }
  return true;
}

}  // namespace

std::optional<money> parse_money(double value) noexcept {
  if (!(value >= 0 && value <= largest_amount)) return {};  // this way round, NaN is refused too
  const money amount{std::llround(value * 100)};
  // A decimal of two places and its quotient are rounded to the same double; anything finer is another one.
  if (to_number(amount) != value) return {};
  return amount;
}

std::optional<money> parse_decimal_money(std::string_view text) noexcept {
  const auto point = text.find('.');
  const auto whole = text.substr(0, point);
  if (!are_digits(whole)) return {};
  char places[2] = {'0', '0'};
  if (point != std::string_view::npos) {
    const auto after = text.substr(point + 1);
    if (!are_digits(after)) return {};
    if (after.find_first_not_of('0', 2) != std::string_view::npos) return {};
    std::copy_n(after.begin(), std::min<std::size_t>(after.size(), 2), places);
  }
  money amount;
  if (!append_digits(amount.hundredths, whole)) return {};
  if (!append_digits(amount.hundredths, {places, 2})) return {};
  return amount;
}

std::string to_decimal(money amount) {
  const auto places = std::to_string(amount.hundredths % 100);
  return std::to_string(amount.hundredths / 100) + (places.size() == 1 ? ".0" : ".") + places;
}

double to_number(money amount) noexcept { return static_cast<double>(amount.hundredths) / 100; }

money price_of(money per_hour, int duration_minutes) noexcept {
  return {(per_hour.hundredths * duration_minutes + minutes_per_hour / 2) / minutes_per_hour};
}

}  // namespace bookings

#include "server/domain/money.hpp"

#include <cmath>

namespace bookings {
namespace {

constexpr double largest_amount = 10'000'000;
constexpr int minutes_per_hour = 60;

}  // namespace

std::optional<money> parse_money(double value) noexcept {
  if (!(value >= 0 && value <= largest_amount)) return {};  // this way round, NaN is refused too
  const money amount{std::llround(value * 100)};
  // A decimal of two places and its quotient are rounded to the same double; anything finer is another one.
  if (to_number(amount) != value) return {};
  return amount;
}

double to_number(money amount) noexcept { return static_cast<double>(amount.hundredths) / 100; }

money price_of(money per_hour, int duration_minutes) noexcept {
  return {(per_hour.hundredths * duration_minutes + minutes_per_hour / 2) / minutes_per_hour};
}

}  // namespace bookings

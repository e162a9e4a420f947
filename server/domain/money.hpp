// Money: a whole number of hundredths (paisa), never a floating-point number. One currency, BDT.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bookings {

inline constexpr std::string_view currency = "BDT";

struct money {
  std::int64_t hundredths = 0;
  friend auto operator<=>(const money&, const money&) = default;
};

// The value of a JSON number with at most two decimal places, 0 to 10,000,000; absent for anything else.
std::optional<money> parse_money(double value) noexcept;

// The value of a decimal as it is written, "1250", "1250.5" or "1250.00": digits, and at most one point between digits.
// Places beyond the second may only be zeros. Absent for anything else: a sign, an exponent, a comma, a blank, too
// much. Exact: no floating point.
std::optional<money> parse_decimal_money(std::string_view text) noexcept;

// With two places, as the gateway takes it: 125050 hundredths -> "1250.50". `amount` is not negative.
std::string to_decimal(money amount);

// For a JSON number: 1250 hundredths -> 12.5.
double to_number(money amount) noexcept;

// The price of a lesson: the gig's price per hour times the duration, rounded half up to a hundredth.
money price_of(money per_hour, int duration_minutes) noexcept;

}  // namespace bookings

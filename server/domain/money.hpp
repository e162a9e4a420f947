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

// For a JSON number: 1250 hundredths -> 12.5.
double to_number(money amount) noexcept;

// The price of a lesson: the gig's price per hour times the duration, rounded half up to a hundredth.
money price_of(money per_hour, int duration_minutes) noexcept;

}  // namespace bookings

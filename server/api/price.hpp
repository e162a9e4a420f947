// Money in replies: a JSON number, whole where it is whole (800, not 8E2).
#pragma once

#include "server/domain/money.hpp"

#include <boost/json/value.hpp>

namespace bookings::api {

inline boost::json::value price_number(money amount) {
  if (amount.hundredths % 100 == 0) return amount.hundredths / 100;
  return to_number(amount);
}

}  // namespace bookings::api

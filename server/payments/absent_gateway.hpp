// In the place of a payment gateway where none is set up: does nothing, believes nobody, and says so.
#pragma once

#include "server/payments/payment_gateway.hpp"

#include <memory>

namespace bookings {

std::unique_ptr<payment_gateway> make_absent_gateway();

}  // namespace bookings

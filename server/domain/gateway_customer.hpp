// Who pays, as the payment gateway asks for it: what a student told in the request, else in their profile.
#pragma once

#include <string>

namespace bookings {

struct gateway_customer {
  std::string name, email, phone, address, city, postcode, country;
  friend bool operator==(const gateway_customer&, const gateway_customer&) = default;
};

}  // namespace bookings

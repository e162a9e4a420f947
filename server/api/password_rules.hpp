// How long a password may be, wherever one is chosen. In bytes, taken as they are; no other rule (NIST SP 800-63B,
// section 5.1.1.2: rules of composition make passwords worse).
#pragma once

#include <cstddef>

namespace bookings::api {

inline constexpr std::size_t shortest_password = 8, longest_password = 128;

}  // namespace bookings::api

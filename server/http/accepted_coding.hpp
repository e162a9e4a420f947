// What a client takes a reply's bytes in.
#pragma once

#include <string_view>

namespace bookings::http {

// Does this Accept-Encoding (RFC 9110 section 12.5.3) name the coding, and not with a weight of zero? "*" does not: who
// means what is not the oldest of codings says so.
bool accepts_coding(std::string_view accept_encoding, std::string_view coding) noexcept;

}  // namespace bookings::http

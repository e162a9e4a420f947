// What the gateway wants to know of who pays. All members are mandatory there, so the profile or the request has to have
// them; what is missing is a 422 that names it. Pure.
#pragma once

#include "server/domain/gateway_customer.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bookings {

// A member that the gateway would not take, and why, in words for the client that follow the name: "is needed by the
// payment gateway". Both are literals.
struct customer_fault {
  std::string_view member;
  std::string_view why;
  friend bool operator==(const customer_fault&, const customer_fault&) = default;
};

// In the order of the members above; empty where a session can be opened. Missing is what has nothing but blanks. An
// email or a phone number that is too long is a fault as well, since a part of it would be somebody else's; the other
// texts are cut.
std::vector<customer_fault> faults_of(const gateway_customer& customer);

// Without blanks around it and without control characters, and each text as long as the gateway takes it at most.
gateway_customer fitted(const gateway_customer& customer);

// The longest beginning of `text` that has at most this many bytes and ends between two characters. `text` is UTF-8.
// A part of the argument.
std::string_view cut_utf8(std::string_view text, std::size_t most_bytes) noexcept;

// `text` on one line: control characters become blanks, blanks around it go, and what is beyond the limit is cut.
std::string one_line(std::string_view text, std::size_t most_bytes);

}  // namespace bookings

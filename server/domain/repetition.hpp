// How a repeated request is known (the Idempotency-Key header; draft-ietf-httpapi-idempotency-key-header): who sends
// it, to which route, under which key of the client's, and what it says.
#pragma once

#include "server/domain/id.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace bookings {

struct repetition_key {
  bookings::id user_id;
  std::string route;        // "POST /api/bookings"
  std::string key;          // as is_repetition_key() takes it
  std::string fingerprint;  // of the body, as fingerprint_of() makes it
};

// What the first request was answered, kept in the transaction of its write.
struct kept_reply {
  unsigned status = 0;
  std::string body;
  bool is_repeated = false;  // true where it was kept before
};

inline constexpr std::chrono::hours kept_for{24};

// 1 to 255 printable ASCII characters.
bool is_repetition_key(std::string_view text) noexcept;

// A hash (BLAKE2b, 256 bits) in 64 hex digits: which body it was, without keeping it.
std::string fingerprint_of(std::string_view body);

}  // namespace bookings

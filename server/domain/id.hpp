// Ids: 24 lower-case hex digits, as MongoDB's ObjectId prints: 4 bytes of seconds, then 8 random bytes. They sort by age.
#pragma once

#include <string>
#include <string_view>

namespace bookings {

using id = std::string;

// A new id. Thread-safe.
id make_id();

// Exactly 24 lower-case hex digits.
bool is_valid_id(std::string_view text) noexcept;

}  // namespace bookings

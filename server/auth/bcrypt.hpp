// Password hashes of bcrypt (Provos and Mazières, 1999), as Express apps keep them: "$2b$10$" and 53 characters of salt
// and digest. They are verified, by libxcrypt, and never made: who signs in gets an argon2id hash (passwords.hpp).
//
// A hash says itself what it costs, and it comes from a database. So what would hold a thread for longer than some
// seconds is refused: 2^14 rounds take about one, and each more doubles it.
#pragma once

#include "server/domain/errc.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace bookings::auth {

inline constexpr int most_bcrypt_cost = 14;
// What stands behind these is not looked at.
inline constexpr std::size_t bcrypt_password_bytes = 72;

// "$2a$", "$2b$" or "$2y$", which mean the same for what Node's libraries have made; the form alone.
bool is_bcrypt(std::string_view hash) noexcept;

// Does the password belong to the hash? Compared in constant time; never for a password with a NUL, which bcrypt cannot
// hold. errc::internal where it is no bcrypt hash, or of a cost that is not taken. Blocks for a tenth of a second at the
// usual cost of 10. Thread-safe.
result<bool> verify_bcrypt(const std::string& hash, std::string_view password);

}  // namespace bookings::auth

// From the Authorization header of a request to the identity behind it.
#pragma once

#include "server/auth/tokens.hpp"

#include <optional>
#include <string_view>

namespace bookings::auth {

// Takes "Bearer <token>" (RFC 6750 section 2.1; the scheme in any case). No header: nobody, an empty optional.
// errc::unauthorized for another scheme, or a token that is not good: such a request is refused on public routes too,
// so that nobody takes a guest's reply for their own. Thread-safe.
result<std::optional<identity>> authenticate(const token_authority& tokens, std::string_view authorization_header);

}  // namespace bookings::auth

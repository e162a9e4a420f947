#include "server/auth/guard.hpp"

#include <boost/beast/core/string.hpp>

namespace bookings::auth {

result<std::optional<identity>> authenticate(const token_authority& tokens, std::string_view authorization_header) {
  if (authorization_header.empty()) return std::optional<identity>();
  auto space = authorization_header.find(' ');
  if (space == std::string_view::npos) return errc::unauthorized;
  if (!boost::beast::iequals(authorization_header.substr(0, space), "Bearer")) return errc::unauthorized;
  auto token = authorization_header.find_first_not_of(' ', space);  // RFC 9110 section 11.4: one space or more
  if (token == std::string_view::npos) return errc::unauthorized;
  auto who = tokens.verify(authorization_header.substr(token));
  if (!who) return who.error();
  return std::optional<identity>(*std::move(who));
}

}  // namespace bookings::auth

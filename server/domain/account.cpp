#include "server/domain/account.hpp"

namespace bookings {

std::string deleted_email(const bookings::id& user_id) { return "deleted:" + user_id; }  // no "@"

result<void> check_deletion(const account_ties& ties) {
  if (ties.is_last_admin) return errc::forbidden;
  if (ties.has_lessons_to_come) return errc::lessons_to_come;
  return {};
}

}  // namespace bookings

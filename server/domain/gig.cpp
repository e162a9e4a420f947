#include "server/domain/gig.hpp"

namespace bookings {

result<void> check_owner(const gig& what, const bookings::id& who) {
  if (what.teacher_id != who) return errc::forbidden;
  return {};
}

}  // namespace bookings

#include "server/domain/gig.hpp"

namespace bookings {

void apply(const gig_changes& changes, gig& to) {
  if (changes.title) to.title = *changes.title;
  if (changes.subject) to.subject = *changes.subject;
  if (changes.description) to.description = *changes.description;
  if (changes.price) to.price = *changes.price;
}

result<void> check_owner(const gig& what, const bookings::id& who) {
  if (what.teacher_id != who) return errc::forbidden;
  return {};
}

}  // namespace bookings

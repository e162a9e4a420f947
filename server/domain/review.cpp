#include "server/domain/review.hpp"

namespace bookings {

result<void> check_reviewable(const booking& what, const bookings::id& who) {
  if (!is_party(what, who)) return errc::not_found;
  if (who != what.student_id) return errc::forbidden;
  if (what.status != booking_status::completed) return errc::wrong_state;
  return {};
}

std::vector<change> changes_of(const review& what) {
  return {{change_kind::gig_reviews, what.gig_id}, {change_kind::teacher_reviews, what.teacher_id}};
}

}  // namespace bookings

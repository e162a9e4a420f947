// The rules of reviews: who may write one, and what it changes.
#include "server/domain/review.hpp"

#include <gtest/gtest.h>

namespace bookings {
namespace {

using enum booking_status;

const id student = "000000000000000000000001", teacher = "000000000000000000000002",
         stranger = "000000000000000000000003";

booking a_lesson(booking_status status) {
  booking b;
  b.student_id = student;
  b.teacher_id = teacher;
  b.status = status;
  return b;
}

TEST(check_reviewable, student_of_a_completed_booking_alone) {
  for (const auto status : {pending, accepted, rejected, completed, cancelled}) {
    const auto what = a_lesson(status);
    EXPECT_EQ(check_reviewable(what, stranger).error(), errc::not_found) << to_text(status);
    EXPECT_EQ(check_reviewable(what, "").error(), errc::not_found) << to_text(status);
    EXPECT_EQ(check_reviewable(what, teacher).error(), errc::forbidden) << to_text(status);
    if (status == completed) EXPECT_TRUE(check_reviewable(what, student));
    else EXPECT_EQ(check_reviewable(what, student).error(), errc::wrong_state) << to_text(status);
  }
}

TEST(changes_of, review_changes_the_reviews_of_its_gig_and_of_its_teacher) {
  review what;
  what.gig_id = "000000000000000000000009";
  what.teacher_id = teacher;
  EXPECT_EQ(changes_of(what), (std::vector<change>{{change_kind::gig_reviews, what.gig_id},
                                                   {change_kind::teacher_reviews, teacher}}));
}

}  // namespace
}  // namespace bookings

// Reviews: what a student says of a lesson that took place. One for each booking; shown at its gig and at its teacher.
#pragma once

#include "server/domain/booking.hpp"
#include "server/domain/change.hpp"
#include "server/domain/errc.hpp"
#include "server/domain/id.hpp"
#include "server/domain/page.hpp"
#include "server/domain/time.hpp"

#include <string>
#include <vector>

namespace bookings {

inline constexpr int least_rating = 1, most_rating = 5;

struct review {
  bookings::id id;
  bookings::id booking_id;
  bookings::id gig_id;      // this and the parties are the booking's
  bookings::id student_id;
  bookings::id teacher_id;
  int rating = least_rating;
  std::string comment;
  time_point created_at{};
  friend bool operator==(const review&, const review&) = default;
};

// A review as lists show it, with what it joins.
struct review_view {
  review row;
  std::string gig_title, student_name, teacher_name;
};

// Whose reviews: a gig's, or a teacher's over all gigs.
enum class review_subject { gig, teacher };
enum class review_order { newest, oldest, worst, best };  // by creation, by creation, by rating, by rating

struct review_query {
  review_subject of = review_subject::gig;
  bookings::id subject_id = {};
  review_order order = review_order::newest;
  page_request page = {};
};

// May `who` review this booking? errc::not_found for strangers, errc::forbidden for its teacher, errc::wrong_state
// where it is not completed. That there is no review yet is for the store to see.
result<void> check_reviewable(const booking& what, const bookings::id& who);

// What a new review changes: the reviews of its gig and those of its teacher, whose rating it changes too.
std::vector<change> changes_of(const review& what);

}  // namespace bookings

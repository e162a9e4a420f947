// Which lists and pages show a thing that they do not own: the store's answer to "whom does this change concern?".
#include "server/stores/mongo/mongo_calls.hpp"

#include <algorithm>

namespace bookings {

using mongo::document;
using mongo::link;

namespace mongo {
namespace {

using ids = std::vector<id>;

ids both(ids first, const ids& second) {
  first.insert(first.end(), second.begin(), second.end());
  std::sort(first.begin(), first.end());
  first.erase(std::unique(first.begin(), first.end()), first.end());
  return first;
}

// The parties of its bookings; itself and its teacher, where there are reviews, which name it.
showing of_gig(link& on, const id& gig_id) {
  const auto its = make("gig", ref(gig_id));
  showing places;
  places.booking_lists = both(on.distinct(bookings_, "student", its), on.distinct(bookings_, "teacher", its));
  if (!on.find_one(reviews, its)) return places;
  places.review_lists = {gig_id};
  if (const auto found = on.find_one(gigs, make("_id", ref(gig_id)))) places.review_lists.push_back(found->reference("teacher"));
  return places;
}

// Everybody with whom there is a booking, and then also oneself; their gigs that are offered; the reviews that they
// wrote or got, at the gig and at the teacher.
showing of_user(link& on, const id& user_id) {
  const auto as_student = make("student", ref(user_id)), as_teacher = make("teacher", ref(user_id));
  showing places;
  places.booking_lists = both(on.distinct(bookings_, "teacher", as_student), on.distinct(bookings_, "student", as_teacher));
  if (!places.booking_lists.empty()) places.booking_lists = both(places.booking_lists, {user_id});
  places.gig_pages = on.distinct(gigs, "_id", make("teacher", ref(user_id), "deletedAt", nullptr));
  places.review_lists = both(on.distinct(reviews, "gig", as_student), on.distinct(reviews, "teacher", as_student));
  const auto got = on.distinct(reviews, "gig", as_teacher);
  places.review_lists = both(places.review_lists, got);
  if (!got.empty()) places.review_lists = both(places.review_lists, {user_id});
  return places;
}

}  // namespace

showing showing_of(link& on, const change& what) {
  switch (what.kind) {
    case change_kind::gig: return of_gig(on, what.id);
    case change_kind::user_name: return of_user(on, what.id);
    case change_kind::user_bookings:
    case change_kind::user_profile:
    case change_kind::gig_reviews:
    case change_kind::teacher_reviews:
    case change_kind::session:
    case change_kind::scope:
    case change_kind::unknown: break;
  }
  return {};
}

}  // namespace mongo

result<showing> mongo_store::places_showing(const change& what) {
  return read("places_showing", [&](link& on) -> result<showing> { return mongo::showing_of(on, what); });
}

}  // namespace bookings

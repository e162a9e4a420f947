// Reviews in MongoDB.
#include "server/stores/mongo/mongo_calls.hpp"
#include "server/stores/mongo/paging.hpp"
#include "server/stores/mongo/rows.hpp"

namespace bookings {

using mongo::document;
using mongo::link;
using mongo::make;
using mongo::ref;
using mongo::unit;

namespace {

// A deleted gig still has its reviews.
bool is_there(link& on, review_subject of, const id& subject_id) {
  if (of == review_subject::gig) return on.find_one(mongo::gigs, make("_id", ref(subject_id))).has_value();
  return on.find_one(mongo::users, make("_id", ref(subject_id), "role", to_text(role::teacher))).has_value();
}

document order_of(review_order order) {
  switch (order) {
    case review_order::newest: return make("createdAt", -1, "_id", -1);
    case review_order::oldest: return make("createdAt", 1, "_id", 1);
    case review_order::worst: return make("rating", 1, "createdAt", 1, "_id", 1);
    case review_order::best: return make("rating", -1, "createdAt", -1, "_id", -1);
  }
  return {};
}

}  // namespace

result<page<review_view>> mongo_store::list_reviews(const review_query& query) {
  return read("list_reviews", [&](link& on) -> result<page<review_view>> {
    if (!is_there(on, query.of, query.subject_id)) return errc::not_found;
    const auto filter = make(query.of == review_subject::gig ? "gig" : "teacher", ref(query.subject_id));
    return mongo::read_page(on, mongo::reviews, filter, order_of(query.order), query.page, mongo::review_views);
  });
}

result<committed<review_view>> mongo_store::create_review(const review& wanted) {
  return write("create_review", [&](unit& work) -> result<committed<review_view>> {
    const auto found = mongo::lock_booking(work, wanted.booking_id);
    if (!found) return found.error();
    const auto booked = mongo::view_of(work.on(), *found, mongo::booking_views);
    if (const auto allowed = check_reviewable(booked.row, wanted.student_id); !allowed) return allowed.error();
    // Under the parties' locks, so that no other can come in between; an index is unique besides.
    if (work.on().find_one(mongo::reviews, make("booking", ref(wanted.booking_id)))) return errc::already_reviewed;
    review created = wanted;
    created.gig_id = booked.row.gig_id;
    created.teacher_id = booked.row.teacher_id;
    work.insert(mongo::reviews, mongo::to_document(created));
    review_view view{created, booked.gig_title, booked.student_name, booked.teacher_name};
    return committed<review_view>{std::move(view), work.emit(changes_of(created)), {}};
  });
}

}  // namespace bookings

// From documents to the domain's types and back, with what views join. What a document of an Express app with Mongoose may
// lack has a default; what we make has `__v`, as Mongoose gives it to each. What cannot be read throws bad_document.
#pragma once

#include "server/domain/booking.hpp"
#include "server/domain/gig.hpp"
#include "server/domain/payment.hpp"
#include "server/domain/review.hpp"
#include "server/domain/trail.hpp"
#include "server/domain/user.hpp"
#include "server/stores/mongo/joins.hpp"

#include <vector>

namespace bookings::mongo {

user read_user(const document& from);
session read_session(const document& from);
booking read_booking(const document& from);
gig read_gig(const document& from);  // without the teacher's name
review read_review(const document& from);
manual_payment read_manual_payment(const document& from);
trail_entry read_trail(const document& from);

// A new document. One that is there is changed by the members that a write is about, and keeps all others.
document to_document(const user& what);
document to_document(const booking& what);
document to_document(const gig& what);
document to_document(const review& what);
document to_document(const manual_payment& what);
document to_document(const trail_entry& what, std::int64_t number);

// With the names and titles that views show.
extern const view_kind<booking_view> booking_views;
extern const view_kind<gig> gig_views;
extern const view_kind<review_view> review_views;
extern const view_kind<manual_payment_view> manual_payment_views;
extern const view_kind<trail_entry> trail_views;

}  // namespace bookings::mongo

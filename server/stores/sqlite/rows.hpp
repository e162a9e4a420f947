// From rows of the tables to the domain's types. A word that the domain does not know throws std::runtime_error: the
// table's own checks keep such a row out, so it is a broken invariant.
#pragma once

#include "server/domain/booking.hpp"
#include "server/domain/gig.hpp"
#include "server/domain/payment.hpp"
#include "server/domain/review.hpp"
#include "server/domain/trail.hpp"
#include "server/domain/user.hpp"
#include "server/stores/sqlite/connection.hpp"

namespace bookings::sqlite {

// REQUIRES: the row of a query that begins with select_bookings, select_gigs, and so on.
booking_view read_booking(const statement& row);
gig read_gig(const statement& row);
user read_user(const statement& row);
review_view read_review(const statement& row);
manual_payment_view read_manual_payment(const statement& row);
session read_session(const statement& row);

// Without what their views join. REQUIRES: a row of a query that begins with the table's own columns, in their order.
booking read_bare_booking(const statement& row);
review read_bare_review(const statement& row);
manual_payment read_bare_manual_payment(const statement& row);

// REQUIRES: a row of list_trail_sql().
trail_entry read_trail(const statement& row);

inline constexpr std::string_view select_users =
    "SELECT id, email, name, role, password_hash, created_at, bio, phone, address, city, postcode, country,"
    " token_version, state FROM users";

inline constexpr std::string_view select_sessions = "SELECT token_version, state, role FROM users";

}  // namespace bookings::sqlite

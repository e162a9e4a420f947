// The SQL text of the lists. Built from fixed pieces alone: every value is a bound parameter. Apart from the store,
// so that a test can ask SQLite how it would carry them out.
#pragma once

#include "server/domain/booking.hpp"
#include "server/domain/gateway_payment.hpp"
#include "server/domain/gig.hpp"
#include "server/domain/payment.hpp"
#include "server/domain/review.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bookings::sqlite {

// Words of a search beyond these are not looked for: each is one more condition in the query.
inline constexpr std::size_t most_search_words = 16;

// What a page passes over is counted in the index alone: `further` finds its page's ids first, and joins only those.
// For the first page that would be a detour.
struct list_sql {
  std::string total;    // one row with one number
  std::string first;    // as `total`, then one parameter more: limit
  std::string further;  // as `total`, then two parameters more: limit, offset
};

// Parameters: the user, then the status where the query has one. REQUIRES: query.as is student or teacher.
list_sql list_bookings_sql(const booking_query& query);

// Parameters: subject, teacher, then one pattern for each of `words`, each where it is there.
list_sql list_gigs_sql(const gig_query& query, std::size_t words);

// Parameter: the gig or the teacher.
list_sql list_reviews_sql(const review_query& query);

// Parameters: student, status, each where it is there.
list_sql list_manual_payments_sql(const manual_payment_query& query);

list_sql list_gateway_payments_sql(const gateway_payment_query& query);

// No parameters. Newest first.
list_sql list_trail_sql();

// The columns and joins of one booking, gig, review or payment as all queries read them; `rows.hpp` reads them in this
// order. They end before WHERE, and call the tables b, g, r and p, their student s, their teacher t or u.
extern const std::string_view select_bookings;
extern const std::string_view select_gigs;
extern const std::string_view select_reviews;
extern const std::string_view select_manual_payments;

// The words of a search as LIKE patterns, with what LIKE would take for a wildcard escaped by a backslash.
std::vector<std::string> search_patterns(std::string_view search);

}  // namespace bookings::sqlite

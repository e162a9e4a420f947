// The SQL of places_showing. Each takes one id, ?1, and gives ids, each once. They run inside the write transaction of
// a change too, so each is answered from indexes alone. Apart from the store, so that a test can ask SQLite for their
// plans.
#pragma once

#include <array>
#include <string_view>

namespace bookings::sqlite {

// Of a gig: the parties of its bookings; itself and its teacher, where there are reviews, which name it.
inline constexpr std::string_view users_showing_gig =
    "SELECT student_id FROM bookings WHERE gig_id = ?1 UNION SELECT teacher_id FROM bookings WHERE gig_id = ?1";
inline constexpr std::string_view review_lists_showing_gig =
    "SELECT id FROM gigs WHERE id = ?1 AND EXISTS (SELECT 1 FROM reviews WHERE gig_id = ?1)"
    " UNION SELECT teacher_id FROM gigs WHERE id = ?1 AND EXISTS (SELECT 1 FROM reviews WHERE gig_id = ?1)";

// Of a user: everybody with whom there is a booking; their gigs that are offered; the reviews that they
// wrote or got, at the gig and at the teacher.
inline constexpr std::string_view users_showing_user =
    "SELECT teacher_id FROM bookings WHERE student_id = ?1 UNION SELECT student_id FROM bookings WHERE teacher_id = ?1";
inline constexpr std::string_view gigs_of_user = "SELECT id FROM gigs WHERE teacher_id = ?1 AND deleted_at IS NULL";
inline constexpr std::string_view review_lists_showing_user =
    "SELECT gig_id FROM reviews WHERE student_id = ?1 UNION SELECT teacher_id FROM reviews WHERE student_id = ?1"
    " UNION SELECT gig_id FROM reviews WHERE teacher_id = ?1"
    " UNION SELECT teacher_id FROM reviews WHERE teacher_id = ?1";

inline constexpr std::array showing_queries = {users_showing_gig, review_lists_showing_gig, users_showing_user,
                                               gigs_of_user, review_lists_showing_user};

}  // namespace bookings::sqlite

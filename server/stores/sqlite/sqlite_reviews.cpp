// Reviews in SQLite.
#include "server/stores/sqlite/list_queries.hpp"
#include "server/stores/sqlite/paging.hpp"
#include "server/stores/sqlite/rows.hpp"
#include "server/stores/sqlite/sqlite_calls.hpp"

namespace bookings {

using sqlite::connection;
using sqlite::statement;

namespace {

// A deleted gig still has its reviews.
bool is_there(connection& on, review_subject of, const id& subject_id) {
  auto query = on.use(of == review_subject::gig ? "SELECT 1 FROM gigs WHERE id = ?"
                                                : "SELECT 1 FROM users WHERE id = ? AND role = 'teacher'");
  return query.bind(subject_id).step();
}

bool is_reviewed(connection& on, const id& booking_id) {
  return on.use("SELECT 1 FROM reviews WHERE booking_id = ?").bind(booking_id).step();
}

result<review_view> find_one(connection& on, const id& review_id) {
  static const std::string sql = std::string(sqlite::select_reviews) + " WHERE r.id = ?";
  auto query = on.use(sql);
  if (!query.bind(review_id).step()) return errc::not_found;
  return sqlite::read_review(query);
}

void insert(connection& on, const review& r) {
  on.use("INSERT INTO reviews (id, booking_id, gig_id, student_id, teacher_id, rating, comment, created_at)"
         " VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(r.id, r.booking_id, r.gig_id, r.student_id, r.teacher_id, r.rating, r.comment, r.created_at)
      .run();
}

}  // namespace

result<page<review_view>> sqlite_store::list_reviews(const review_query& query) {
  return read("list_reviews", [&](connection& on) -> result<page<review_view>> {
    if (!is_there(on, query.of, query.subject_id)) return errc::not_found;
    return sqlite::read_page<review_view>(
        on, sqlite::list_reviews_sql(query), query.page, [&](statement& list) { list.bind(query.subject_id); },
        sqlite::read_review);
  });
}

result<committed<review_view>> sqlite_store::create_review(const review& wanted) {
  return write("create_review", [&](connection& on) -> result<committed<review_view>> {
    const auto booked = sqlite::look_up_booking(on, wanted.booking_id);
    if (!booked) return booked.error();
    if (const auto allowed = check_reviewable(booked->row, wanted.student_id); !allowed) return allowed.error();
    // Looked at under the write lock, so that no other can come in between; the column is unique besides.
    if (is_reviewed(on, wanted.booking_id)) return errc::already_reviewed;
    review created = wanted;
    created.gig_id = booked->row.gig_id;
    created.teacher_id = booked->row.teacher_id;
    insert(on, created);
    auto view = find_one(on, created.id);
    if (!view) return view.error();
    return committed<review_view>{std::move(*view), sqlite::emit_all(on, changes_of(created)), {}};
  });
}

}  // namespace bookings

// Bookings in SQLite. The rules are the domain's; here they are asked inside the transaction that acts on the answer.
#include "server/stores/sqlite/list_queries.hpp"
#include "server/stores/sqlite/paging.hpp"
#include "server/stores/sqlite/rows.hpp"
#include "server/stores/sqlite/sqlite_calls.hpp"

namespace bookings {

using sqlite::connection;
using sqlite::statement;

namespace sqlite {

result<booking_view> look_up_booking(connection& on, const id& booking_id) {
  static const std::string sql = std::string(select_bookings) + " WHERE b.id = ?";
  auto query = on.use(sql);
  if (!query.bind(booking_id).step()) return errc::not_found;
  return read_booking(query);
}

}  // namespace sqlite

namespace {

// errc::overlap where an accepted booking of the teacher is in the way of `wanted`.
//
// Only one can be: the last that starts before `wanted` ends. Accepted bookings of one teacher share no moment, so each
// earlier one ended by that one's start. Hence one look into an index, however many there are.
result<void> check_free(connection& on, const booking& wanted) {
  const auto end = wanted.scheduled_at + std::chrono::minutes{wanted.duration_minutes};
  auto query = on.use(
      "SELECT scheduled_at, duration_minutes FROM bookings WHERE teacher_id = ? AND status = 'accepted'"
      " AND scheduled_at < ? ORDER BY scheduled_at DESC, id DESC LIMIT 1");
  if (!query.bind(wanted.teacher_id, end).step()) return {};
  booking other;
  other.scheduled_at = query.time(0);
  other.duration_minutes = static_cast<int>(query.number(1));
  if (overlap(wanted, other)) return errc::overlap;
  return {};
}

// After the statement that wrote the booking, in its transaction: what it is now, and its outbox rows.
result<committed<booking_view>> commit_of(connection& on, const id& booking_id) {
  auto view = sqlite::look_up_booking(on, booking_id);
  if (!view) return view.error();
  auto rows = sqlite::emit_all(on, changes_of(view->row));
  return committed<booking_view>{std::move(*view), std::move(rows), {}};
}

// Teacher and price from the gig, if it is offered. errc::not_found also where the student is not there.
result<void> complete_from_gig(connection& on, booking& wanted) {
  auto query = on.use(
      "SELECT g.teacher_id, g.price FROM gigs g CROSS JOIN users s ON s.id = ? AND s.state <> 'deleted'"
      " WHERE g.id = ? AND g.deleted_at IS NULL");
  if (!query.bind(wanted.student_id, wanted.gig_id).step()) return errc::not_found;
  wanted.teacher_id = query.text(0);
  wanted.price = price_of(query.amount(1), wanted.duration_minutes);
  return {};
}

void insert(connection& on, const booking& b) {
  on.use("INSERT INTO bookings (id, student_id, teacher_id, gig_id, status, payment_status, scheduled_at,"
         " duration_minutes, note, price, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(b.id, b.student_id, b.teacher_id, b.gig_id, to_text(b.status), to_text(b.payment), b.scheduled_at,
            b.duration_minutes, b.note, b.price, b.created_at, b.updated_at)
      .run();
}

}  // namespace

result<page<booking_view>> sqlite_store::list_bookings(const booking_query& query) {
  if (query.as == role::admin) return page<booking_view>{};  // is a party of none
  const auto bind = [&](statement& list) {
    list.bind(query.user_id);
    if (query.status) list.bind(to_text(*query.status));
  };
  return read("list_bookings", [&](connection& on) -> result<page<booking_view>> {
    return sqlite::read_page<booking_view>(on, sqlite::list_bookings_sql(query), query.page, bind,
                                           sqlite::read_booking);
  });
}

result<booking_view> sqlite_store::find_booking(const id& booking_id) {
  return read("find_booking", [&](connection& on) { return sqlite::look_up_booking(on, booking_id); });
}

result<committed<booking_view>> sqlite_store::create_booking(const booking& wanted) {
  return write("create_booking", [&](connection& on) -> result<committed<booking_view>> {
    booking created = wanted;
    if (const auto found = complete_from_gig(on, created); !found) return found.error();
    // Of any status, as the interface says: nobody asks for a time that is known to be taken.
    if (const auto free = check_free(on, created); !free) return free.error();
    insert(on, created);
    return commit_of(on, created.id);
  });
}

result<committed<booking_view>> sqlite_store::change_booking_status(const id& booking_id, const id& who,
                                                                    booking_status wanted) {
  return write("change_booking_status", [&](connection& on) -> result<committed<booking_view>> {
    const auto found = sqlite::look_up_booking(on, booking_id);
    if (!found) return found.error();
    if (const auto allowed = check_transition(found->row, who, wanted); !allowed) return allowed.error();
    if (wanted == booking_status::accepted) {
      if (const auto free = check_free(on, found->row); !free) return free.error();
    }
    on.use("UPDATE bookings SET status = ?, updated_at = ? WHERE id = ?")
        .bind(to_text(wanted), now(), booking_id)
        .run();
    return commit_of(on, booking_id);
  });
}

}  // namespace bookings

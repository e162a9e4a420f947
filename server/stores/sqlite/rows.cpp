#include "server/stores/sqlite/rows.hpp"

#include <stdexcept>

namespace bookings::sqlite {
namespace {

template <class T>
T known(const std::optional<T>& parsed, const std::string& text) {
  if (!parsed) throw std::runtime_error("the table holds an unknown word: " + text);
  return *parsed;
}

}  // namespace

booking_view read_booking(const statement& row) {
  booking_view view;
  booking& b = view.row;
  b.id = row.text(0);
  b.student_id = row.text(1);
  b.teacher_id = row.text(2);
  b.gig_id = row.text(3);
  b.status = known(parse_booking_status(row.text(4)), row.text(4));
  b.payment = known(parse_payment_status(row.text(5)), row.text(5));
  b.scheduled_at = row.time(6);
  b.duration_minutes = static_cast<int>(row.number(7));
  b.note = row.optional_text(8);
  b.price = row.amount(9);
  b.created_at = row.time(10);
  b.updated_at = row.time(11);
  view.student_name = row.text(12);
  view.teacher_name = row.text(13);
  view.gig_title = row.text(14);
  view.gig_subject = row.text(15);
  view.gig_price = row.amount(16);
  return view;
}

gig read_gig(const statement& row) {
  gig g;
  g.id = row.text(0);
  g.teacher_id = row.text(1);
  g.teacher_name = row.text(2);
  g.title = row.text(3);
  g.subject = row.text(4);
  g.description = row.text(5);
  g.price = row.amount(6);
  g.created_at = row.time(7);
  g.updated_at = row.time(8);
  return g;
}

user read_user(const statement& row) {
  user u;
  u.id = row.text(0);
  u.email = row.text(1);
  u.name = row.text(2);
  u.role = known(parse_role(row.text(3)), row.text(3));
  u.password_hash = row.text(4);
  u.created_at = row.time(5);
  return u;
}

trail_entry read_trail(const statement& row) {
  trail_entry entry;
  entry.id = row.text(0);
  entry.at = row.time(1);
  entry.what.actor = row.text(2);
  entry.what.action = known(parse_trail_action(row.text(3)), row.text(3));
  entry.what.subject = known(parse_trail_subject(row.text(4)), row.text(4));
  entry.what.subject_id = row.text(5);
  entry.what.reason = row.optional_text(6);
  return entry;
}

}  // namespace bookings::sqlite

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

booking read_bare_booking(const statement& row) {
  booking b;
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
  return b;
}

booking_view read_booking(const statement& row) {
  booking_view view;
  view.row = read_bare_booking(row);
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
  u.about.bio = row.optional_text(6);
  u.about.phone = row.optional_text(7);
  u.about.address = row.optional_text(8);
  u.about.city = row.optional_text(9);
  u.about.postcode = row.optional_text(10);
  u.about.country = row.optional_text(11);
  u.token_version = row.number(12);
  u.state = known(parse_account_state(row.text(13)), row.text(13));
  return u;
}

review read_bare_review(const statement& row) {
  review r;
  r.id = row.text(0);
  r.booking_id = row.text(1);
  r.gig_id = row.text(2);
  r.student_id = row.text(3);
  r.teacher_id = row.text(4);
  r.rating = static_cast<int>(row.number(5));
  r.comment = row.text(6);
  r.created_at = row.time(7);
  return r;
}

review_view read_review(const statement& row) {
  review_view view;
  view.row = read_bare_review(row);
  view.gig_title = row.text(8);
  view.student_name = row.text(9);
  view.teacher_name = row.text(10);
  return view;
}

manual_payment read_bare_manual_payment(const statement& row) {
  manual_payment p;
  p.id = row.text(0);
  p.booking_id = row.text(1);
  p.student_id = row.text(2);
  p.method = known(parse_payment_method(row.text(3)), row.text(3));
  p.transaction_id = row.text(4);
  p.amount = row.amount(5);
  p.status = known(parse_manual_payment_status(row.text(6)), row.text(6));
  p.created_at = row.time(7);
  if (p.status != manual_payment_status::pending) p.decided = {row.text(8), row.time(9), row.optional_text(10)};
  return p;
}

manual_payment_view read_manual_payment(const statement& row) {
  manual_payment_view view;
  view.row = read_bare_manual_payment(row);
  view.student_name = row.text(11);
  return view;
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

session read_session(const statement& row) {
  session s;
  s.token_version = row.number(0);
  s.state = known(parse_account_state(row.text(1)), row.text(1));
  s.role = known(parse_role(row.text(2)), row.text(2));
  return s;
}

}  // namespace bookings::sqlite

#include "server/domain/booking.hpp"

#include <algorithm>
#include <array>

namespace bookings {
namespace {

constexpr booking_status all_statuses[] = {booking_status::pending, booking_status::accepted, booking_status::rejected,
                                           booking_status::completed, booking_status::cancelled};
constexpr payment_status all_payments[] = {payment_status::unpaid, payment_status::pending, payment_status::paid,
                                           payment_status::refunded};

struct transition {
  booking_status from, to;
  bool by_student, by_teacher;
};

// Every move that there is; what is not here, nobody may.
constexpr std::array transitions = {
    transition{booking_status::pending, booking_status::accepted, false, true},
    transition{booking_status::pending, booking_status::rejected, false, true},
    transition{booking_status::pending, booking_status::cancelled, true, true},
    transition{booking_status::accepted, booking_status::completed, false, true},
    transition{booking_status::accepted, booking_status::cancelled, true, true},
};

time_point end_of(const booking& what) noexcept {
  return what.scheduled_at + std::chrono::minutes{what.duration_minutes};
}

}  // namespace

std::string_view to_text(booking_status value) noexcept {
  switch (value) {
    case booking_status::pending: return "pending";
    case booking_status::accepted: return "accepted";
    case booking_status::rejected: return "rejected";
    case booking_status::completed: return "completed";
    case booking_status::cancelled: return "cancelled";
  }
  return "";
}

std::optional<booking_status> parse_booking_status(std::string_view text) noexcept {
  for (const auto value : all_statuses) {
    if (text == to_text(value)) return value;
  }
  return {};
}

std::string_view to_text(payment_status value) noexcept {
  switch (value) {
    case payment_status::unpaid: return "unpaid";
    case payment_status::pending: return "pending";
    case payment_status::paid: return "paid";
    case payment_status::refunded: return "refunded";
  }
  return "";
}

std::optional<payment_status> parse_payment_status(std::string_view text) noexcept {
  for (const auto value : all_payments) {
    if (text == to_text(value)) return value;
  }
  return {};
}

result<void> check_transition(const booking& what, const bookings::id& who, booking_status wanted) {
  if (!is_party(what, who)) return errc::not_found;
  const auto found = std::find_if(transitions.begin(), transitions.end(), [&](const transition& each) {
    return each.from == what.status && each.to == wanted;
  });
  if (found == transitions.end()) return errc::wrong_state;
  if ((who == what.student_id && found->by_student) || (who == what.teacher_id && found->by_teacher)) return {};
  return errc::forbidden;
}

bool overlap(const booking& a, const booking& b) noexcept {
  return a.scheduled_at < end_of(b) && b.scheduled_at < end_of(a);
}

bool is_party(const booking& what, const bookings::id& who) noexcept {
  return who == what.student_id || who == what.teacher_id;
}

std::vector<change> changes_of(const booking& what) {
  std::vector<change> changes{{change_kind::user_bookings, what.student_id}};
  if (what.teacher_id != what.student_id) changes.push_back({change_kind::user_bookings, what.teacher_id});
  return changes;
}

}  // namespace bookings

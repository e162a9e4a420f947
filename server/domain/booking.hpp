// Bookings: their states, who may move them from one to another, and when two overlap. Pure rules; the store calls them
// inside its transactions, so that a decision and the write it allows see the same data.
#pragma once

#include "server/domain/change.hpp"
#include "server/domain/errc.hpp"
#include "server/domain/id.hpp"
#include "server/domain/money.hpp"
#include "server/domain/page.hpp"
#include "server/domain/time.hpp"
#include "server/domain/user.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bookings {

enum class booking_status { pending, accepted, rejected, completed, cancelled };
enum class payment_status { unpaid, pending, paid, refunded };

std::string_view to_text(booking_status value) noexcept;
std::optional<booking_status> parse_booking_status(std::string_view text) noexcept;
std::string_view to_text(payment_status value) noexcept;
std::optional<payment_status> parse_payment_status(std::string_view text) noexcept;

struct booking {
  bookings::id id;
  bookings::id student_id;
  bookings::id teacher_id;
  bookings::id gig_id;
  booking_status status = booking_status::pending;
  payment_status payment = payment_status::unpaid;
  time_point scheduled_at{};
  int duration_minutes = 60;
  std::optional<std::string> note;
  money price;
  time_point created_at{};
  time_point updated_at{};
  friend bool operator==(const booking&, const booking&) = default;
};

// A booking as lists show it, with what it joins.
struct booking_view {
  booking row;
  std::string student_name, teacher_name;
  std::string gig_title, gig_subject;
  money gig_price;
};

enum class booking_order { newest, oldest, soonest, latest };  // by creation, by creation, by schedule, by schedule

struct booking_query {
  bookings::id user_id;  // a party of each row: as student or as teacher, by `as`
  bookings::role as = role::student;
  std::optional<booking_status> status = {};
  booking_order order = booking_order::newest;
  page_request page = {};
};

// May `who` move a booking to `wanted`? Teacher: pending -> accepted or rejected, accepted -> completed. Either party:
// pending or accepted -> cancelled. errc::not_found for strangers, errc::forbidden where the other party may,
// errc::wrong_state for the rest.
result<void> check_transition(const booking& what, const bookings::id& who, booking_status wanted);

// Do the two lessons share any moment? One that ends as the other begins does not.
bool overlap(const booking& a, const booking& b) noexcept;

// Does this user see this booking at all?
bool is_party(const booking& what, const bookings::id& who) noexcept;

// What a write to this booking changes: the lists of both parties.
std::vector<change> changes_of(const booking& what);

}  // namespace bookings

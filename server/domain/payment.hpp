// Manual payments: a student says that they paid for a booking (by a mobile wallet, a bank, in cash), and an admin
// looks whether the money came. Pure rules; the store calls them inside its transactions.
//
//   pending ─ verify → verified   the booking's payment: pending → paid
//           └ reject → rejected                          pending → unpaid, and the student may try again
#pragma once

#include "server/domain/booking.hpp"
#include "server/domain/errc.hpp"
#include "server/domain/id.hpp"
#include "server/domain/money.hpp"
#include "server/domain/page.hpp"
#include "server/domain/time.hpp"
#include "server/domain/trail.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace bookings {

enum class payment_method { bkash, nagad, rocket, bank, cash };
enum class manual_payment_status { pending, verified, rejected };

std::string_view to_text(payment_method value) noexcept;
std::optional<payment_method> parse_payment_method(std::string_view text) noexcept;
std::string_view to_text(manual_payment_status value) noexcept;
std::optional<manual_payment_status> parse_manual_payment_status(std::string_view text) noexcept;

struct manual_payment {
  bookings::id id;
  bookings::id booking_id;
  bookings::id student_id;
  payment_method method = payment_method::bkash;
  std::string transaction_id;  // as normalize_transaction_id gives it; of a method, once: rejected ones do not count
  money amount;
  manual_payment_status status = manual_payment_status::pending;
  time_point created_at{};
  struct decision {
    bookings::id by;  // an admin
    time_point at{};
    std::optional<std::string> reason;
    friend bool operator==(const decision&, const decision&) = default;
  };
  std::optional<decision> decided = {};  // there where the status is not pending
  friend bool operator==(const manual_payment&, const manual_payment&) = default;
};

// A manual payment as lists show it, with what it joins.
struct manual_payment_view {
  manual_payment row;
  std::string student_name;
};

struct manual_payment_query {
  std::optional<bookings::id> student_id = {};  // absent: everybody's
  std::optional<manual_payment_status> status = {};
  page_request page = {};
};

// What an admin decides about a pending payment: `wanted` is verified or rejected.
struct manual_payment_decision {
  bookings::id admin;
  manual_payment_status wanted = manual_payment_status::verified;
  std::optional<std::string> reason = {};
};

// 4 to 64 letters, digits, "-", "_", "." or "/", in upper case: people type the letters as they like, and one payment
// must not count twice. Absent for anything else.
std::optional<std::string> normalize_transaction_id(std::string_view text);

// May `who` say that they paid `amount` for this booking? errc::not_found where they are not its student;
// errc::wrong_state where it is not accepted, or not unpaid (one payment is pending, or it is paid);
// errc::unprocessable where the amount is not exactly its price.
result<void> check_payable(const booking& what, const bookings::id& who, money amount);

// May an admin decide so? errc::wrong_state for a payment that is decided already, and for verifying one whose booking
// takes no money any more: it was cancelled meanwhile. That one can only be rejected; a lesson that took place
// meanwhile is paid like any other.
result<void> check_decision(const manual_payment& what, const booking& of, manual_payment_status wanted);

// What the trail keeps of a decision.
act act_of(const bookings::id& payment_id, const manual_payment_decision& decision);

// The payment status of a booking whose manual payment has come to this.
payment_status payment_after(manual_payment_status value) noexcept;

}  // namespace bookings

// An account as a whole: everything that is kept about it, and its end.
#pragma once

#include "server/domain/booking.hpp"
#include "server/domain/gateway_payment.hpp"
#include "server/domain/gig.hpp"
#include "server/domain/payment.hpp"
#include "server/domain/review.hpp"
#include "server/domain/user.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bookings {

// What the store has about one user, of one moment; each list oldest first.
struct account_export {
  user account;
  std::vector<booking_view> bookings;  // as student or as teacher
  std::vector<gig> gigs;               // withdrawn ones too
  std::vector<review_view> reviews_written, reviews_received;
  std::vector<manual_payment_view> manual_payments;
  std::vector<gateway_payment> payments;
};

// Who others see in the place of somebody who has left.
inline constexpr std::string_view deleted_name = "Deleted user";
// The email of a deleted account: unique, and no address, so nobody can register or log in with it.
std::string deleted_email(const bookings::id& user_id);

// What may hold an account back.
struct account_ties {
  bool has_lessons_to_come = false;  // accepted, as either party, and not over: somebody counts on it
  bool is_last_admin = false;        // after whom nobody could let anybody in
};
// May it go? errc::lessons_to_come, errc::forbidden.
result<void> check_deletion(const account_ties& ties);

}  // namespace bookings

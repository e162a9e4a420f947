// The trail: who did what to what and when, of the acts that somebody may have to answer for. Kept in the store,
// written in the transaction of the act itself, readable by admins, and never changed. Not a log: nothing here expires.
#pragma once

#include "server/domain/id.hpp"
#include "server/domain/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace bookings {

enum class trail_action {
  verify_payment,
  reject_payment,
  refund,   // of a payment
  release,  // of a held payment
  block_user,
  unblock_user,
  reset_password,
  purge_cache,
};

// What an act was done to.
enum class trail_subject {
  user,
  manual_payment,
  payment,
  cache,  // its id is a prefix ("bookings"), or the scope of one user ("bookings:user:65f0…")
};

std::string_view to_text(trail_action value) noexcept;
std::optional<trail_action> parse_trail_action(std::string_view text) noexcept;
std::string_view to_text(trail_subject value) noexcept;
std::optional<trail_subject> parse_trail_subject(std::string_view text) noexcept;

struct act {
  bookings::id actor;  // a user
  trail_action action = trail_action::verify_payment;
  trail_subject subject = trail_subject::manual_payment;
  std::string subject_id;
  std::optional<std::string> reason = {};  // in the actor's words
  friend bool operator==(const act&, const act&) = default;
};

// An act as the store keeps it; `at` is by the store's clock.
struct trail_entry {
  bookings::id id;
  time_point at{};
  act what;
  friend bool operator==(const trail_entry&, const trail_entry&) = default;
};

}  // namespace bookings

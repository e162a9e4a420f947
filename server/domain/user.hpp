// Accounts and their roles.
#pragma once

#include "server/domain/errc.hpp"
#include "server/domain/id.hpp"
#include "server/domain/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bookings {

enum class role { student, teacher, admin };

std::string_view to_text(role value) noexcept;
std::optional<role> parse_role(std::string_view text) noexcept;

// active -> blocked and back, by an admin; deleted, by its owner, is the end.
enum class account_state { active, blocked, deleted };

std::string_view to_text(account_state value) noexcept;
std::optional<account_state> parse_account_state(std::string_view text) noexcept;

// What users tell of themselves (profile.hpp); absent where they told nothing.
struct self_description {
  std::optional<std::string> bio = {}, phone = {}, address = {}, city = {}, postcode = {}, country = {};
  friend bool operator==(const self_description&, const self_description&) = default;
};

struct user {
  bookings::id id;
  std::string email;          // lower case, unique
  std::string name;
  bookings::role role = role::student;
  std::string password_hash;  // argon2id's own text form
  time_point created_at{};
  self_description about = {};
  std::int64_t token_version = 1;  // only tokens that carry it are good: to raise it ends all of the user's tokens
  account_state state = account_state::active;
  friend bool operator==(const user&, const user&) = default;
};

// Who makes a request, as its verified token says.
struct identity {
  bookings::id user_id;
  bookings::role role = role::student;
  std::int64_t token_version = 1;
};

// What tokens are held against: the part of an account that may end them.
struct session {
  std::int64_t token_version = 1;
  account_state state = account_state::active;
  bookings::role role = role::student;
};

// May this admin block, unblock or reset this account? Not their own, errc::unprocessable: the last admin could lock
// everybody out, and a new password of one's own asks for the old one.
result<void> check_administration(const bookings::id& admin, const bookings::id& account);

// The address in lower case where it has the form local@domain with at most 254 printable ASCII characters; else
// absent.
std::optional<std::string> normalize_email(std::string_view text);

}  // namespace bookings

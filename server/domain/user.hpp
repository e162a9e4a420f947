// Accounts and their roles.
#pragma once

#include "server/domain/id.hpp"
#include "server/domain/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace bookings {

enum class role { student, teacher, admin };

std::string_view to_text(role value) noexcept;
std::optional<role> parse_role(std::string_view text) noexcept;

// What users tell of themselves (profile.hpp); absent where they told nothing.
struct self_description {
  std::optional<std::string> bio = {}, phone = {}, address = {}, city = {}, postcode = {}, country = {};
};

struct user {
  bookings::id id;
  std::string email;          // lower case, unique
  std::string name;
  bookings::role role = role::student;
  std::string password_hash;  // argon2id's own text form
  time_point created_at{};
  self_description about = {};
};

// Who makes a request, as its verified token says.
struct identity {
  bookings::id user_id;
  bookings::role role = role::student;
};

// The address in lower case where it has the form local@domain with at most 254 printable ASCII characters; else absent.
std::optional<std::string> normalize_email(std::string_view text);

}  // namespace bookings

// What people tell of themselves. Bio, city and country are for everybody; phone, address and postcode for nobody but
// themselves.
#pragma once

#include "server/domain/change.hpp"
#include "server/domain/user.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bookings {

// A user as everybody may see them; a teacher with what students think.
struct public_profile {
  bookings::id id;
  std::string name;
  bookings::role role = role::student;
  std::optional<std::string> bio, city, country;
  time_point created_at{};
  std::int64_t reviews = 0, ratings_sum = 0;  // of a teacher
};

// Without what students think, which is not the user's row.
public_profile profile_of(const user& account);

// The average in hundredths, rounded half up: 433 for 13 over 3. Absent where there is none.
std::optional<std::int64_t> average_rating(std::int64_t reviews, std::int64_t ratings_sum) noexcept;

// What PUT /api/users/me may change. Absent members stay, an empty text (but for the name, which has one) removes.
struct profile_changes {
  std::optional<std::string> name = {}, bio = {}, phone = {}, address = {}, city = {}, postcode = {}, country = {};
};

void apply(const profile_changes& changes, user& to);

// What such a write changes for others, going by the members that it names and not by what differs: the answer tells
// what is there, which an earlier write may have put there and not yet invalidated. Empty where nobody else is shown
// any.
std::vector<change> changes_of(const profile_changes& changes, const bookings::id& user_id);

}  // namespace bookings

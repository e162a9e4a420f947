#include "server/domain/profile.hpp"

namespace bookings {
namespace {

void set(std::optional<std::string>& member, const std::optional<std::string>& wanted) {
  if (!wanted) return;
  member = wanted->empty() ? std::nullopt : wanted;
}

}  // namespace

public_profile profile_of(const user& account) {
  public_profile shown;
  shown.id = account.id;
  shown.name = account.name;
  shown.role = account.role;
  shown.bio = account.about.bio;
  shown.city = account.about.city;
  shown.country = account.about.country;
  shown.created_at = account.created_at;
  return shown;
}

std::optional<std::int64_t> average_rating(std::int64_t reviews, std::int64_t ratings_sum) noexcept {
  if (reviews <= 0) return {};
  return (200 * ratings_sum + reviews) / (2 * reviews);
}

void apply(const profile_changes& changes, user& to) {
  if (changes.name) to.name = *changes.name;
  set(to.about.bio, changes.bio);
  set(to.about.phone, changes.phone);
  set(to.about.address, changes.address);
  set(to.about.city, changes.city);
  set(to.about.postcode, changes.postcode);
  set(to.about.country, changes.country);
}

std::vector<change> changes_of(const profile_changes& changes, const bookings::id& user_id) {
  if (changes.name) return {{change_kind::user_name, user_id}};  // includes the profile
  if (changes.bio || changes.city || changes.country) return {{change_kind::user_profile, user_id}};
  return {};
}

}  // namespace bookings

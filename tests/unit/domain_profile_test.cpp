// Profiles: what a change of one does, and whom it concerns.
#include "server/domain/profile.hpp"

#include <gtest/gtest.h>

namespace bookings {
namespace {

const id who = "000000000000000000000001";
using changes = std::vector<change>;

TEST(apply_profile_changes, absent_members_stay_and_empty_ones_are_removed) {
  user account;
  account.name = "Rahim";
  account.about.bio = "Teaches";
  account.about.city = "Dhaka";
  account.about.phone = "123";
  apply({.bio = "Learns", .address = "Road 5", .city = "", .country = ""}, account);
  EXPECT_EQ(account.name, "Rahim");
  EXPECT_EQ(account.about.bio, "Learns");
  EXPECT_EQ(account.about.phone, "123");
  EXPECT_EQ(account.about.address, "Road 5");
  EXPECT_EQ(account.about.city, std::nullopt);
  EXPECT_EQ(account.about.country, std::nullopt);
  apply({.name = "Karim"}, account);
  EXPECT_EQ(account.name, "Karim");
}

TEST(changes_of_profile, name_concerns_all_who_see_it_public_members_the_profile_private_ones_nobody) {
  EXPECT_EQ(changes_of(profile_changes{.name = "A", .bio = "B"}, who), (changes{{change_kind::user_name, who}}));
  const profile_changes public_ones[] = {{.bio = ""}, {.city = "Dhaka"}, {.country = "BD"}};
  for (const auto& each : public_ones) {
    EXPECT_EQ(changes_of(each, who), (changes{{change_kind::user_profile, who}}));
  }
  EXPECT_EQ(changes_of(profile_changes{.phone = "1", .address = "2", .postcode = "3"}, who), changes{});
  EXPECT_EQ(changes_of(profile_changes{}, who), changes{});
}

TEST(average_rating, hundredths_rounded_half_up_and_absent_without_reviews) {
  EXPECT_EQ(average_rating(0, 0), std::nullopt);
  EXPECT_EQ(average_rating(1, 5), 500);
  EXPECT_EQ(average_rating(3, 13), 433);
  EXPECT_EQ(average_rating(3, 14), 467);
  EXPECT_EQ(average_rating(8, 33), 413);  // 4.125
}

}  // namespace
}  // namespace bookings

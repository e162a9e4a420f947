// The words of the trail, as the store keeps them and clients read them.
#include "server/domain/trail.hpp"

#include <gtest/gtest.h>

namespace bookings {
namespace {

TEST(trail_text, every_action_comes_back_and_others_are_absent) {
  const char* words[] = {"verify_payment", "reject_payment", "refund",         "release",
                         "block_user",     "unblock_user",   "reset_password", "purge_cache"};
  for (const char* word : words) {
    const auto parsed = parse_trail_action(word);
    ASSERT_TRUE(parsed) << word;
    EXPECT_EQ(to_text(*parsed), word);
  }
  for (const char* text : {"", "Refund", "refund ", "verify"}) EXPECT_FALSE(parse_trail_action(text)) << text;
}

TEST(trail_text, every_subject_comes_back_and_others_are_absent) {
  for (const char* word : {"user", "manual_payment", "payment", "cache"}) {
    const auto parsed = parse_trail_subject(word);
    ASSERT_TRUE(parsed) << word;
    EXPECT_EQ(to_text(*parsed), word);
  }
  for (const char* text : {"", "User", "booking"}) EXPECT_FALSE(parse_trail_subject(text)) << text;
}

}  // namespace
}  // namespace bookings

#include "server/auth/remembered_tokens.hpp"

#include "server/auth/tokens.hpp"

#include <gtest/gtest.h>

namespace bookings::auth {
namespace {

using namespace std::chrono_literals;

const identity someone{id("0123456789abcdef01234567"), role::student, 3};

TEST(remembered_tokens, token_is_known_until_it_ends) {
  remembered_tokens known;
  EXPECT_EQ(known.find("a.b.c", 10s), nullptr);
  known.remember("a.b.c", someone, {5s, 20s});
  ASSERT_NE(known.find("a.b.c", 19s), nullptr);
  EXPECT_EQ(known.find("a.b.c", 19s)->user_id, someone.user_id);
  EXPECT_EQ(known.find("a.b.c", 19s)->token_version, 3);
  EXPECT_EQ(known.find("a.b.c", 20s), nullptr);
  EXPECT_EQ(known.find("a.b.c", 4s), nullptr) << "a clock that went back";
}

TEST(remembered_tokens, another_token_is_not_known) {
  remembered_tokens known;
  known.remember("a.b.c", someone, {5s, 20s});
  for (const auto* other : {"", "a.b.d", "a.b.", "a.b.cc"}) EXPECT_EQ(known.find(other, 10s), nullptr) << other;
}

TEST(remembered_tokens, large_ones_and_none_are_not_kept) {
  remembered_tokens known;
  const std::string large(remembered_tokens::largest_bytes + 1, 'x');
  known.remember(large, someone, {5s, 20s});
  known.remember("", someone, {5s, 20s});
  EXPECT_EQ(known.find(large, 10s), nullptr);
  EXPECT_EQ(known.find("", 10s), nullptr);
}

TEST(remembered_tokens, new_ones_take_the_place_of_others_and_what_is_found_is_right) {
  remembered_tokens known;
  const auto token = [](int i) { return "token." + std::to_string(i); };
  int found = 0;
  for (int i = 0; i < 5000; ++i) known.remember(token(i), identity{someone.user_id, role::student, i}, {5s, 20s});
  for (int i = 0; i < 5000; ++i)
    if (const auto* who = known.find(token(i), 10s)) {
      ++found;
      EXPECT_EQ(who->token_version, i);
    }
  EXPECT_GT(found, 500);
  EXPECT_LE(found, static_cast<int>(remembered_tokens::places));
}

TEST(remembered_tokens, verified_token_ends_by_its_own_time) {
  std::chrono::system_clock::time_point now{1'000'000s};
  const std::vector<std::string> secrets{std::string(32, 's')};
  const token_authority tokens(secrets, 60s, [&] { return now; });
  const auto token = tokens.issue(someone);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(tokens.verify(token));
  now += 60s;
  EXPECT_FALSE(tokens.verify(token));
}

TEST(remembered_tokens, authority_with_other_secrets_knows_nothing_of_it) {
  const auto now = [] { return std::chrono::system_clock::time_point(1'000'000s); };
  const std::vector<std::string> secrets{std::string(32, 's')}, others{std::string(32, 'o')};
  const token_authority tokens(secrets, 60s, now), strange(others, 60s, now);
  const auto token = tokens.issue(someone);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(tokens.verify(token));
    EXPECT_FALSE(strange.verify(token));
  }
}

}  // namespace
}  // namespace bookings::auth

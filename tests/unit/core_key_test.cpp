#include "reprise/key.hpp"

#include <gtest/gtest.h>

namespace reprise {
namespace {

const std::vector<std::string> names{"status", "page", "tag"};

TEST(canonical_query, order_makes_no_difference) {
  const auto text = R"({"page":"2","status":"accepted"})";
  EXPECT_EQ(canonical_query({{"status", "accepted"}, {"page", "2"}}, names), text);
  EXPECT_EQ(canonical_query({{"page", "2"}, {"status", "accepted"}}, names), text);
}

TEST(canonical_query, unnamed_parameters_make_no_difference) {
  parameters query{{"status", "accepted"}};
  for (int i = 0; i < 1000; ++i) query.emplace_back("x" + std::to_string(i), "1");
  EXPECT_EQ(canonical_query(query, names), R"({"status":"accepted"})");
  EXPECT_EQ(canonical_query({}, names), "{}");
  EXPECT_EQ(canonical_query(query, {}), "{}");
}

TEST(canonical_query, repeated_parameter_is_an_array_in_its_own_order) {
  EXPECT_EQ(canonical_query({{"tag", "b"}, {"page", "1"}, {"tag", "a"}}, names), R"({"page":"1","tag":["b","a"]})");
}

TEST(canonical_query, text_is_escaped) {
  EXPECT_EQ(canonical_query({{"tag", "a\"b\\c\n{}:*é"}}, names), R"({"tag":"a\"b\\c\n{}:*é"})");
}

TEST(canonical_query, long_text_is_hashed) {
  const auto hashed = canonical_query({{"tag", std::string(300, 'a')}}, names);
  EXPECT_EQ(hashed.size(), 7u + 64u);
  EXPECT_TRUE(hashed.starts_with("sha256:"));
  EXPECT_NE(hashed, canonical_query({{"tag", std::string(300, 'b')}}, names));
}

TEST(scope, names_that_could_reach_other_keys_are_refused) {
  for (const auto& bad : std::vector<std::string>{"", "*", "a:b{}", "a b", "shared", "é", "a\n", std::string(65, 'a')})
    EXPECT_FALSE(scope::of_user("bookings", bad)) << bad;
  EXPECT_FALSE(scope::of_user("book:ings", "1"));
  EXPECT_FALSE(scope::of_thing("gigs", "*"));
  EXPECT_FALSE(scope::shared(""));
}

TEST(scope, keys_have_the_documented_form) {
  const auto user = scope::of_user("bookings", "123");
  EXPECT_EQ(user->entry_key("student", R"({"status":"accepted"})"),
            R"(bookings:user:123:role:student:query:{"status":"accepted"})");
  EXPECT_EQ(user->generation_key(), "bookings:user:123:gen");
  EXPECT_EQ(user->index_key(), "bookings:user:123:keys");
  EXPECT_EQ(user->prefix(), "bookings");
  EXPECT_FALSE(user->entry_key("student:x", "{}"));
  EXPECT_EQ(scope::of_thing("gigs", "55")->entry_key("", "{}"), "gigs:id:55:query:{}");
  EXPECT_EQ(scope::shared("gigs")->entry_key("any", "{}"), "gigs:user:shared:role:any:query:{}");
  EXPECT_EQ(lock_key("k"), "k:fill");
}

TEST(scope, hash_tag_is_the_last_part_of_its_name) {
  const auto user = scope::of_user("bookings", "123");
  const auto style = key_style::hash_tagged;
  EXPECT_EQ(user->entry_key("student", R"({"status":"accepted"})", style),
            R"(bookings:user:{123}:role:student:query:{"status":"accepted"})");
  EXPECT_EQ(user->generation_key(style), "bookings:user:{123}:gen");
  EXPECT_EQ(user->index_key(style), "bookings:user:{123}:keys");
  EXPECT_EQ(scope::of_thing("gigs", "55")->generation_key(style), "gigs:id:{55}:gen");
  EXPECT_EQ(scope::shared("gigs")->entry_key("any", "{}", style), "gigs:user:{shared}:role:any:query:{}");
  EXPECT_EQ(user->name(), "bookings:user:123") << "its name is the same everywhere: the outbox knows it by that";
}

TEST(escape_pattern, special_characters_lose_their_meaning) { EXPECT_EQ(escape_pattern("a*b?[c]\\"), R"(a\*b\?\[c\]\\)"); }

}  // namespace
}  // namespace reprise

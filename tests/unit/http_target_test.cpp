#include "server/http/target.hpp"

#include <gtest/gtest.h>

namespace bookings::http {
namespace {

using namespace std::string_literals;

TEST(parse_target, path_and_query_are_decoded) {
  const auto parts = parse_target("/a%20b/c+d?x=1+2&y=%E0%A6%95&z&x=2%2B");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->path, "/a b/c+d");
  EXPECT_EQ(parts->query, (parameters{{"x", "1 2"}, {"y", "\xE0\xA6\x95"}, {"z", ""}, {"x", "2+"}}));
}

TEST(parse_target, without_a_query_has_no_parameters) {
  EXPECT_TRUE(parse_target("/")->query.empty());
  EXPECT_TRUE(parse_target("/?")->query.empty());
  EXPECT_TRUE(parse_target("/?&&")->query.empty());
}

TEST(parse_target, equals_in_a_value_stays) {
  EXPECT_EQ(parse_target("/?a=b=c&=d")->query, (parameters{{"a", "b=c"}, {"", "d"}}));
}

TEST(parse_target, harmless_characters_that_should_be_encoded_are_taken) {
  EXPECT_EQ(parse_target("/?q={\"a|b\"}^`")->query, (parameters{{"q", "{\"a|b\"}^`"}}));
  EXPECT_EQ(parse_target("/?q=\xE0\xA6\x95")->query, (parameters{{"q", "\xE0\xA6\x95"}}));
}

TEST(parse_target, absolute_form_loses_its_origin) {
  const auto parts = parse_target("http://localhost:8080/api/gigs?a=1");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->origin_form, "/api/gigs?a=1");
  EXPECT_EQ(parts->path, "/api/gigs");
}

TEST(parse_target, broken_targets_are_malformed) {
  for (const auto& target :
       {"*"s,     ""s,     "api/gigs"s, "host:80"s, "http://"s, "http://host"s, "http:///a"s,     "ftp://host/a"s,
        "/%"s,    "/%2"s,  "/%zz"s,     "/?a=%"s,   "/%00"s,    "/?a=%00"s,     "/?%00"s,         "/a b"s,
        "/a\tb"s, "/a#b"s, "/\0"s,      "/\x7f"s,   "/%C3"s,    "/?a=%C0%80"s,  "/?a=%ED%A0%80"s, "/?a=%F5%80%80%80"s,
        "/\xff"s}) {
    const auto parts = parse_target(target);
    ASSERT_FALSE(parts) << target;
    EXPECT_EQ(parts.error(), errc::malformed) << target;
  }
}

TEST(parse_target, as_many_parameters_as_allowed_are_taken_and_one_more_is_not) {
  std::string target = "/?";
  for (std::size_t at = 0; at < most_query_parameters; ++at) target += "p" + std::to_string(at) + "=1&";
  ASSERT_TRUE(parse_target(target));
  EXPECT_EQ(parse_target(target)->query.size(), most_query_parameters);
  EXPECT_FALSE(parse_target(target + "one=more"));
}

TEST(is_utf8, borders_of_each_length_are_exact) {
  for (const auto& text : {""s, "a"s, "\x7f"s, "\xc2\x80"s, "\xdf\xbf"s, "\xe0\xa0\x80"s, "\xed\x9f\xbf"s,
                           "\xee\x80\x80"s, "\xef\xbf\xbf"s, "\xf0\x90\x80\x80"s, "\xf4\x8f\xbf\xbf"s}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  for (const auto& text : {"\x80"s, "\xc1\xbf"s, "\xc2"s, "\xc2\x41"s, "\xe0\x9f\xbf"s, "\xed\xa0\x80"s, "\xe1\x80"s,
                           "\xe1\x80\x41"s, "\xf0\x8f\xbf\xbf"s, "\xf4\x90\x80\x80"s, "\xf1\x80\x80"s, "\xff"s}) {
    EXPECT_FALSE(is_utf8(text)) << text;
  }
}

}  // namespace
}  // namespace bookings::http

#include "src/core/entry_format.hpp"
#include "src/core/freshness.hpp"

#include <gtest/gtest.h>

#include <random>

namespace reprise::core {
namespace {

using std::chrono::milliseconds;

entry_header header() {
  return {"stamp.0.abc", wall_time(milliseconds(1000)), wall_time(milliseconds(601'000)), 200, "0123456789abcdef",
          "application/json; charset=utf-8"};
}

TEST(entry_format, entry_round_trips) {
  for (const std::string body : {"", "{}", "{\"a\":\"\n\"}"}) {
    const auto bytes = encode_entry(header(), body);
    const auto entry = decode_entry(*bytes);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->body, body);
    EXPECT_EQ(entry->header.generation, "stamp.0.abc");
    EXPECT_EQ(entry->header.created, header().created);
    EXPECT_EQ(entry->header.fresh_until, header().fresh_until);
    EXPECT_EQ(entry->header.status, 200u);
    EXPECT_EQ(entry->header.content_type, header().content_type);
  }
}

TEST(entry_format, entry_without_a_content_type_round_trips) {
  auto untyped = header();
  untyped.content_type = "";
  const auto bytes = encode_entry(untyped, "42");
  ASSERT_TRUE(bytes);
  const auto entry = decode_entry(*bytes);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->header.content_type, "");
  EXPECT_EQ(entry->header.etag, untyped.etag);
  EXPECT_EQ(entry->body, "42");
}

TEST(entry_format, fields_that_would_break_the_line_are_refused) {
  auto spaced = header();
  spaced.generation = "a b";
  EXPECT_FALSE(encode_entry(spaced, ""));
  auto broken = header();
  broken.content_type = "text/plain\nX: y";
  EXPECT_FALSE(encode_entry(broken, ""));
}

TEST(entry_format, entry_cut_anywhere_is_undecodable) {
  const auto bytes = *encode_entry(header(), "{\"value\":1}");
  for (std::size_t end = 0; end < bytes.size(); ++end) EXPECT_FALSE(decode_entry(std::string_view(bytes).substr(0, end))) << end;
  EXPECT_FALSE(decode_entry(bytes + "x"));
}

TEST(entry_format, other_versions_and_bad_numbers_are_undecodable) {
  const auto bytes = *encode_entry(header(), "{}");
  EXPECT_FALSE(decode_entry("RP2" + bytes.substr(3)));
  for (const auto* bad : {"RP1 g -1 2 200 identity 2 e text/plain\n{}", "RP1 g 1 2 99 identity 2 e text/plain\n{}",
                          "RP1 g 1 99999999999999999999 200 identity 2 e text/plain\n{}", "RP1 g 1 2 200 zstd 2 e text/plain\n{}",
                          "RP1 g 1 2 200 br 2 e text/plain\n{}",
                          "RP1 g 1 2 200 identity 02 e text/plain\n{}", "RP1  1 2 200 identity 2 e text/plain\n{}"})
    EXPECT_FALSE(decode_entry(bad)) << bad;
}

TEST(entry_format, random_bytes_never_crash) {
  std::mt19937 random(1);
  const auto good = *encode_entry(header(), "{\"value\":1}");
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = good;
    for (int k = 0; k < 3; ++k) bytes[random() % bytes.size()] = static_cast<char>(random());
    const auto entry = decode_entry(bytes);
    EXPECT_TRUE(!entry || entry->body.size() == 11);
  }
}

TEST(judge, verdict_follows_from_generation_stamp_and_time) {
  const auto bytes = *encode_entry(header(), "{}");
  const auto at = [](std::int64_t ms) { return wall_time(milliseconds(ms)); };
  const std::string_view generation = "stamp.0.abc", stamp = "stamp.0.";
  EXPECT_EQ(judge(generation, bytes, stamp, at(2000)).what, verdict::hit);
  EXPECT_EQ(judge(generation, bytes, stamp, at(601'000)).what, verdict::expired);
  EXPECT_EQ(judge(std::nullopt, bytes, stamp, at(2000)).what, verdict::absent);
  EXPECT_EQ(judge(generation, std::nullopt, stamp, at(2000)).what, verdict::absent);
  EXPECT_EQ(judge("stamp.0.abd", bytes, stamp, at(2000)).what, verdict::outdated);
  EXPECT_EQ(judge(generation, bytes, "stamp.1.", at(2000)).what, verdict::foreign);
  EXPECT_EQ(judge(generation, bytes, "", at(2000)).what, verdict::foreign);
  EXPECT_EQ(judge(generation, "rubbish", stamp, at(2000)).what, verdict::undecodable);
}

TEST(freshness, age_is_never_negative_and_remaining_is_once_it_has_expired) {
  EXPECT_EQ(age_of(header(), wall_time(milliseconds(0))).count(), 0);
  EXPECT_EQ(age_of(header(), wall_time(milliseconds(3500))).count(), 2);
  EXPECT_EQ(remaining(header(), wall_time(milliseconds(600'500))).count(), 0);
  EXPECT_EQ(remaining(header(), wall_time(milliseconds(601'001))).count(), -1);
  EXPECT_EQ(remaining(header(), wall_time(milliseconds(700'000))).count(), -99);
}

TEST(freshness, entry_is_due_in_the_last_part_of_its_time) {
  const auto at = [](std::int64_t ms) { return wall_time(milliseconds(ms)); };
  EXPECT_FALSE(is_due(header(), at(540'999), 0.1));
  EXPECT_TRUE(is_due(header(), at(541'000), 0.1));
  EXPECT_TRUE(is_due(header(), at(700'000), 0.1));
  EXPECT_FALSE(is_due(header(), at(700'000), 0));
}

TEST(use_of, what_a_policy_allows_decides_what_becomes_of_a_valid_entry_alone) {
  const auto at = [](std::int64_t ms) { return wall_time(milliseconds(ms)); };
  const leeway none, all{0.1, std::chrono::seconds(30), std::chrono::seconds(60)};
  const judged fresh{verdict::hit, {header(), {}, 0}}, expired{verdict::expired, {header(), {}, 0}};
  EXPECT_EQ(use_of(fresh, none, at(600'000)), use::serve);
  EXPECT_EQ(use_of(fresh, all, at(2000)), use::serve);
  EXPECT_EQ(use_of(fresh, all, at(600'000)), use::serve_and_refresh);
  EXPECT_EQ(use_of(expired, none, at(601'000)), use::read);
  EXPECT_EQ(use_of(expired, all, at(601'000)), use::serve_and_refresh);
  EXPECT_EQ(use_of(expired, all, at(631'000)), use::read_or_serve);
  EXPECT_EQ(use_of(expired, all, at(661'000)), use::read);
  for (const auto invalid : {verdict::absent, verdict::foreign, verdict::outdated, verdict::undecodable})
    EXPECT_EQ(use_of({invalid, {header(), {}, 0}}, all, at(601'000)), use::read);
}

TEST(entry_format, beginning_tells_entries_apart_and_is_short) {
  auto later = header();
  later.created += milliseconds(1);
  const auto one = *encode_entry(header(), "{}"), other = *encode_entry(later, "{}");
  EXPECT_TRUE(one.starts_with(beginning_of(one)));
  EXPECT_FALSE(other.starts_with(beginning_of(one)));
  EXPECT_LE(beginning_of(std::string(5000, 'x')).size(), 512u);
}

TEST(freshness, entry_is_within_the_time_after_it_expired) {
  const auto at = [](std::int64_t ms) { return wall_time(milliseconds(ms)); };
  EXPECT_TRUE(is_within(header(), at(600'999), std::chrono::seconds(0)));
  EXPECT_FALSE(is_within(header(), at(601'000), std::chrono::seconds(0)));
  EXPECT_TRUE(is_within(header(), at(630'999), std::chrono::seconds(30)));
  EXPECT_FALSE(is_within(header(), at(631'000), std::chrono::seconds(30)));
}

TEST(freshness, time_is_shortened_by_at_most_the_part) {
  EXPECT_EQ(shortened(milliseconds(1000), 0, 0.9).count(), 1000);
  EXPECT_EQ(shortened(milliseconds(1000), 0.2, 0).count(), 1000);
  EXPECT_EQ(shortened(milliseconds(1000), 0.2, 0.5).count(), 900);
  EXPECT_EQ(shortened(milliseconds(1000), 0.2, 1).count(), 800);
}

}  // namespace
}  // namespace reprise::core

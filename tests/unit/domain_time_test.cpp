// RFC 3339 in and out.
#include "server/domain/time.hpp"

#include <gtest/gtest.h>

namespace bookings {
namespace {

using namespace std::chrono;

std::string again(std::string_view text) {
  const auto time = parse_time(text);
  return time ? format_time(*time) : "absent";
}

TEST(parse_time, utc_is_the_moment_itself) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:00Z"), time_point{});
  EXPECT_EQ(parse_time("2026-03-01T09:30:00Z"), time_point{sys_days{2026y / March / 1} + 9h + 30min});
  EXPECT_EQ(again("9999-12-31T23:59:59.999Z"), "9999-12-31T23:59:59.999Z");
}

TEST(parse_time, small_letters_are_taken) { EXPECT_EQ(again("2026-03-01t09:30:00z"), "2026-03-01T09:30:00.000Z"); }

TEST(parse_time, offset_is_subtracted) {
  EXPECT_EQ(again("2026-03-01T09:30:00+06:00"), "2026-03-01T03:30:00.000Z");
  EXPECT_EQ(again("2026-03-01T09:30:00-05:30"), "2026-03-01T15:00:00.000Z");
  EXPECT_EQ(again("2026-01-01T00:00:00+00:01"), "2025-12-31T23:59:00.000Z");
  EXPECT_EQ(again("2026-03-01T09:30:00+23:59"), "2026-02-28T09:31:00.000Z");
  EXPECT_EQ(again("2026-03-01T09:30:00-00:00"), "2026-03-01T09:30:00.000Z");
}

TEST(parse_time, fraction_is_cut_to_milliseconds) {
  EXPECT_EQ(again("2026-03-01T09:30:00.5Z"), "2026-03-01T09:30:00.500Z");
  EXPECT_EQ(again("2026-03-01T09:30:00.12Z"), "2026-03-01T09:30:00.120Z");
  EXPECT_EQ(again("2026-03-01T09:30:00.1239Z"), "2026-03-01T09:30:00.123Z");
  EXPECT_EQ(again("2026-03-01T09:30:00.0009Z"), "2026-03-01T09:30:00.000Z");
  EXPECT_EQ(again("2026-03-01T09:30:59.99999999999999999999999999Z"), "2026-03-01T09:30:59.999Z");
}

TEST(parse_time, leap_day_exists_in_leap_years_alone) {
  EXPECT_EQ(again("2028-02-29T00:00:00Z"), "2028-02-29T00:00:00.000Z");
  EXPECT_EQ(again("2000-02-29T00:00:00Z"), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(again("2026-02-29T00:00:00Z"), "absent");
  EXPECT_EQ(again("2100-02-29T00:00:00Z"), "absent");
}

// The examples of RFC 3339 section 5.8, and what it says in 5.7: only as the last second of a month in UTC.
TEST(parse_time, leap_second_is_the_second_after_it) {
  EXPECT_EQ(again("1990-12-31T23:59:60Z"), "1991-01-01T00:00:00.000Z");
  EXPECT_EQ(again("1990-12-31T15:59:60-08:00"), "1991-01-01T00:00:00.000Z");
  EXPECT_EQ(again("2016-12-31T23:59:60.25Z"), "2017-01-01T00:00:00.250Z");
  EXPECT_EQ(again("2026-06-30T23:59:60Z"), "2026-07-01T00:00:00.000Z");
  for (const char* text : {"2026-03-01T09:30:60Z", "2026-03-01T23:59:60Z", "2026-06-30T23:58:60Z",
                           "2026-06-30T22:59:60Z", "1990-12-31T23:59:60-08:00", "2026-06-30T23:59:61Z"}) {
    EXPECT_EQ(again(text), "absent") << text;
  }
}

TEST(parse_time, before_1970_or_after_9999_is_absent) {
  EXPECT_EQ(again("1969-12-31T23:59:59.999Z"), "absent");
  EXPECT_EQ(again("1970-01-01T00:00:00+00:01"), "absent");
  EXPECT_EQ(again("1969-12-31T23:59:00-00:01"), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(again("9999-12-31T23:59:59-00:01"), "absent");
  EXPECT_EQ(again("9999-12-31T23:59:60Z"), "absent");
  EXPECT_EQ(again("0000-01-01T00:00:00Z"), "absent");
}

TEST(parse_time, anything_else_is_absent) {
  for (const char* text :
       {"", "now", "2026", "2026-03-01", "2026-03-01T09:30", "2026-03-01T09:30Z", "2026-03-01T09:30:00", "1772357400",
        "2026-03-01 09:30:00Z", "2026-03-01T09:30:00 Z", " 2026-03-01T09:30:00Z", "2026-03-01T09:30:00Z ",
        "2026-03-01T09:30:00Zz", "2026-03-01T09:30:00.Z", "2026-03-01T09:30:00,5Z", "2026-03-01T09:30:00.-5Z",
        "26-03-01T09:30:00Z", "12026-03-01T09:30:00Z", "+2026-03-01T09:30:00Z", "-2026-03-01T09:30:00Z",
        "2026-3-01T09:30:00Z", "2026-03-1T09:30:00Z", "2026-00-01T09:30:00Z", "2026-13-01T09:30:00Z",
        "2026-03-00T09:30:00Z", "2026-03-32T09:30:00Z", "2026-04-31T09:30:00Z", "2026-03-01T24:00:00Z",
        "2026-03-01T09:60:00Z", "2026-03-01T09:30:61Z", "2026-03-01T9:30:00Z", "2026-03-01T09:30:00+6:00",
        "2026-03-01T09:30:00+0600", "2026-03-01T09:30:00+06", "2026-03-01T09:30:00+24:00", "2026-03-01T09:30:00+06:60",
        "2026-03-01T09:30:00+06:00Z", "2026-03-01T09:30:00+", "2026-03-01T09:30:00\xe2\x88\x92""06:00",
        "2026/03/01T09:30:00Z", "2026-03-01T09-30-00Z", "\xef\xbc\x92""026-03-01T09:30:00Z"}) {
    EXPECT_EQ(again(text), "absent") << text;
  }
  EXPECT_FALSE(parse_time(std::string_view("2026-03-01T09:30:00Z\0", 21)));
  EXPECT_FALSE(parse_time(std::string(100000, '1')));
}

TEST(format_time, parts_have_their_width) {
  EXPECT_EQ(format_time(time_point{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_time(time_point{milliseconds{7}}), "1970-01-01T00:00:00.007Z");
  EXPECT_EQ(format_time(sys_days{2026y / March / 1} + 9h + 5min + 3s + 40ms), "2026-03-01T09:05:03.040Z");
}

TEST(now, time_of_day_round_trips) {
  const auto time = now();
  EXPECT_EQ(parse_time(format_time(time)), time);
  EXPECT_GT(time, time_point{sys_days{2025y / January / 1}});
}

}  // namespace
}  // namespace bookings

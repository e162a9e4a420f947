#include "reprise/rate.hpp"
#include "server/http/local_rates.hpp"

#include <gtest/gtest.h>

namespace bookings::http {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

constexpr reprise::rate three_a_minute{3, 20s};

TEST(rate, takes_its_most_at_once_and_then_one_each_interval) {
  microseconds free_at{0}, now = 1000s;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(reprise::take_one(three_a_minute, free_at, now), 0us);
  EXPECT_EQ(reprise::take_one(three_a_minute, free_at, now), 20s);
  EXPECT_EQ(reprise::take_one(three_a_minute, free_at, now + 5s), 15s);  // being refused costs nothing
  EXPECT_EQ(reprise::take_one(three_a_minute, free_at, now + 20s), 0us);
  EXPECT_EQ(reprise::take_one(three_a_minute, free_at, now + 20s), 20s);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(reprise::take_one(three_a_minute, free_at, now + 80s), 0us);
}

TEST(rate, wait_that_it_names_is_enough_and_no_less_is) {
  microseconds free_at{0}, now = 1000s;
  for (int i = 0; i < 3; ++i) reprise::take_one(three_a_minute, free_at, now + i * 1s);
  const auto wait = reprise::take_one(three_a_minute, free_at, now + 7s);
  EXPECT_GT(reprise::take_one(three_a_minute, free_at, now + 7s + wait - 1us), 0us);
  EXPECT_EQ(reprise::take_one(three_a_minute, free_at, now + 7s + wait), 0us);
}

TEST(rate, clock_that_goes_back_locks_nobody_out) {
  microseconds free_at{0};
  for (int i = 0; i < 3; ++i) reprise::take_one(three_a_minute, free_at, 1'000'000s);
  EXPECT_LE(reprise::take_one(three_a_minute, free_at, 1000s), 20s);
}

TEST(local_rates, keys_are_counted_apart) {
  local_rates rates;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(rates.take("a", three_a_minute, 1000s), 0us);
  EXPECT_EQ(rates.take("a", three_a_minute, 1000s), 20s);
  EXPECT_EQ(rates.take("b", three_a_minute, 1000s), 0us);
}

TEST(local_rates, whoever_was_seen_longest_ago_is_forgotten_first) {
  local_rates rates(100);
  for (int i = 0; i < 3; ++i) rates.take("kept", three_a_minute, 1000s);
  for (int i = 0; i < 1000; ++i) {
    rates.take("other " + std::to_string(i), three_a_minute, 1000s);
    EXPECT_EQ(rates.take("kept", three_a_minute, 1000s), 20s);
  }
  EXPECT_EQ(rates.size(), 100u);
}

TEST(local_rates, whose_limit_is_whole_again_takes_no_place) {
  local_rates rates;
  for (int i = 0; i < 1000; ++i) rates.take(std::to_string(i), three_a_minute, 1000s);
  rates.take("last", three_a_minute, 2000s);
  EXPECT_EQ(rates.size(), 1u);
}

}  // namespace
}  // namespace bookings::http

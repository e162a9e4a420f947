#include "server/ops/cache_times.hpp"

#include <gtest/gtest.h>

namespace bookings::ops {
namespace {

using namespace std::chrono_literals;
using reprise::outcome;

time_span since(const cache_times::snapshot& before, const cache_times& now, outcome how = outcome::hit) {
  const auto index = static_cast<std::size_t>(how);
  return time_span(before[index], now.read()[index]);
}

TEST(cache_times, nothing_counted_has_no_percentile) {
  const cache_times times;
  EXPECT_EQ(since({}, times).count, 0u);
  EXPECT_EQ(since({}, times).at(0.5), 0);
}

TEST(cache_times, each_time_is_told_to_an_eighth) {
  for (const auto took : {1us, 7us, 8us, 9us, 63us, 100us, 999us, 25'000us, 1'000'000us, 61'000'000us}) {
    cache_times times;
    times.observe(outcome::hit, took);
    const auto told = since({}, times).at(1) * 1000, real = static_cast<double>(took.count());
    EXPECT_GT(told, real) << real;
    EXPECT_LE(told, real < 8 ? real + 1 : real * 1.126) << real;
  }
}

TEST(cache_times, percentiles_are_of_what_lies_between_two_readings) {
  cache_times times;
  for (int i = 0; i < 100; ++i) times.observe(outcome::hit, 1s);
  const auto before = times.read();
  for (int i = 0; i < 98; ++i) times.observe(outcome::hit, 100us);
  times.observe(outcome::hit, 10ms);
  times.observe(outcome::hit, 20ms);
  const auto span = since(before, times);
  EXPECT_EQ(span.count, 100u);
  EXPECT_NEAR(span.at(0.5), 0.1, 0.013);
  EXPECT_NEAR(span.at(0.98), 0.1, 0.013);
  EXPECT_NEAR(span.at(0.99), 10, 1.3);
  EXPECT_NEAR(span.at(1), 20, 2.6);
}

TEST(cache_times, outcomes_are_apart_and_odd_times_do_no_harm) {
  cache_times times;
  times.observe(outcome::miss, -5s);
  times.observe(outcome::bypass, 24h);
  EXPECT_EQ(since({}, times).count, 0u);
  EXPECT_EQ(since({}, times, outcome::miss).count, 1u);
  EXPECT_GT(since({}, times, outcome::bypass).at(0.5), 60'000);
}

}  // namespace
}  // namespace bookings::ops

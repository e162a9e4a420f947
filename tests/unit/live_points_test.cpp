#include "server/ops/live_points.hpp"

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

namespace bookings::ops {
namespace {

boost::json::object parse(const std::string& event) {
  const auto data = event.find("data: ") + 6;
  return boost::json::parse(event.substr(data, event.size() - data - 2)).as_object();
}

TEST(event_text, is_one_event_with_one_line_of_data) {
  EXPECT_EQ(event_text("tick", "{}"), "event: tick\ndata: {}\n\n");
}

TEST(history, first_reading_makes_no_point) {
  history past;
  past.add({}, {});
  EXPECT_TRUE(parse(past.text()).at("points").as_array().empty());
}

TEST(history, point_sums_the_prefixes_and_tells_percentiles) {
  history past;
  reprise::statistics now;
  past.add(now, {});
  now.prefixes["bookings"].hits = 3;
  now.prefixes["gigs"].hits = 2;
  now.prefixes["gigs"].fills_too_large = 4;
  cache_times::snapshot times{};
  times[0][7] = 10;
  past.add(now, times);
  const auto told = parse(past.text());
  const auto& points = told.at("points").as_array();
  ASSERT_EQ(points.size(), 1u);
  const auto& point = points[0].as_array();
  ASSERT_EQ(point.size(), told.at("columns").as_array().size());
  // A rate over the little time that has passed: what counts is how the columns compare.
  EXPECT_NEAR(point[1].to_number<double>() / point[6].to_number<double>(), 5.0 / 4, 0.01);
  EXPECT_EQ(point[2].to_number<double>(), 0);
  EXPECT_DOUBLE_EQ(point[8].to_number<double>(), 0.008);
}

TEST(history, holds_an_hour_and_no_more) {
  history past;
  for (std::size_t i = 0; i < history::most_points + 50; ++i) past.add({}, {});
  EXPECT_EQ(parse(past.text()).at("points").as_array().size(), history::most_points);
}

TEST(numbers_of, has_each_prefix_with_its_counters) {
  reprise::statistics now;
  now.prefixes["gigs"].misses = 7;
  const auto told = numbers_of(now);
  EXPECT_EQ(told.at("prefixes").at("gigs").at("misses").to_number<int>(), 7);
}

}  // namespace
}  // namespace bookings::ops

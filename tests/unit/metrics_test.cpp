#include "server/ops/metrics.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace bookings::ops {
namespace {

using namespace std::chrono_literals;

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(metrics, request_is_in_its_histogram) {
  metrics numbers;
  numbers.observe_request("/api/gigs/:id", 200, 3ms);
  numbers.observe_request("/api/gigs/:id", 200, 30ms);
  numbers.observe_request("/api/gigs/:id", 404, 1s);
  auto text = numbers.text();
  EXPECT_TRUE(has_line(text, "# TYPE http_request_seconds histogram"));
  EXPECT_TRUE(has_line(text, R"(http_request_seconds_count{route="/api/gigs/:id",status="200"} 2)")) << text;
  EXPECT_TRUE(has_line(text, R"(http_request_seconds_count{route="/api/gigs/:id",status="404"} 1)"));
  EXPECT_TRUE(has_line(text, R"(http_request_seconds_bucket{route="/api/gigs/:id",status="200",le="0.005"} 1)"));
}

TEST(metrics, store_operations_are_counted_by_name) {
  metrics numbers;
  numbers.count_store_operation("list_bookings");
  numbers.count_store_operation("list_bookings");
  numbers.count_store_operation("find_user");
  auto text = numbers.text();
  EXPECT_TRUE(has_line(text, "# TYPE bookings_store_operations_total counter"));
  EXPECT_TRUE(has_line(text, R"(bookings_store_operations_total{operation="list_bookings"} 2)")) << text;
  EXPECT_TRUE(has_line(text, R"(bookings_store_operations_total{operation="find_user"} 1)"));
}

TEST(metrics, label_with_quotes_and_breaks_is_escaped) {
  metrics numbers;
  numbers.count_store_operation("a\"b\\c\nd");
  auto text = numbers.text();
  EXPECT_TRUE(has_line(text, R"(bookings_store_operations_total{operation="a\"b\\c\nd"} 1)")) << text;
}

class one_gauge : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override {
    prometheus::ClientMetric metric;
    metric.gauge.value = 7;
    return {{"aaa_gauge", "a test's", prometheus::MetricType::Gauge, {metric}}};
  }
};

TEST(metrics, added_collector_is_shown_in_order_of_names) {
  metrics numbers;
  numbers.count_store_operation("list_bookings");
  numbers.add(std::make_shared<one_gauge>());
  auto text = numbers.text();
  EXPECT_TRUE(has_line(text, "aaa_gauge 7"));
  EXPECT_LT(text.find("aaa_gauge"), text.find("bookings_store_operations_total"));
}

TEST(metrics, threads_lose_no_count) {
  metrics numbers;
  constexpr int threads = 4, rounds = 2000;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i)
      workers.emplace_back([&] {
        for (int j = 0; j < rounds; ++j) {
          numbers.count_store_operation("operation" + std::to_string(j % 50));
          numbers.observe_request("/api/bookings", 200, 1ms);
        }
      });
  }
  auto text = numbers.text();
  EXPECT_TRUE(has_line(text, R"(bookings_store_operations_total{operation="operation7"} 160)"));
  EXPECT_TRUE(has_line(text, R"(http_request_seconds_count{route="/api/bookings",status="200"} 8000)"));
}

}  // namespace
}  // namespace bookings::ops

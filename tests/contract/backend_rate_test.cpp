// A rate limit, on memory and on a real Redis: what one takes, all see.
#include "tests/support/engine_world.hpp"

#include <gtest/gtest.h>

namespace reprise::testing {
namespace {

using namespace std::chrono_literals;

enum class place { memory, redis };

class backend_rate : public ::testing::TestWithParam<place> {
 protected:
  void SetUp() override {
    if (GetParam() == place::redis) {
      server = std::make_unique<redis_server>();
      where = make_redis_backend({.port = server->port()}, threads.executors());
    } else {
      where = make_memory_backend({}, make_environment());
    }
    ASSERT_TRUE(threads.run(where->open()));
  }
  void TearDown() override {
    where->close();
    threads.stop();
  }
  std::chrono::microseconds take(std::string key, std::size_t thread = 0) {
    const auto wait = threads.run(where->take(std::move(key), limit, 5s), thread);
    EXPECT_TRUE(wait) << wait.error().message();
    return wait ? *wait : std::chrono::microseconds{-1};
  }

  // So long an interval that no time which a test takes makes a difference.
  rate limit{3, std::chrono::hours(1)};
  io threads{2};
  std::unique_ptr<redis_server> server;
  std::shared_ptr<backend> where;
};

TEST_P(backend_rate, most_are_taken_and_one_more_waits_for_about_an_interval) {
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(take("reprise:rate:a", i), 0us);
  const auto wait = take("reprise:rate:a");
  EXPECT_GT(wait, 59min);
  EXPECT_LE(wait, 1h);
  EXPECT_EQ(take("reprise:rate:b"), 0us);
}

TEST_P(backend_rate, takes_at_once_from_all_threads_share_the_limit) {
  limit.most = 50;
  std::vector<std::future<result<std::chrono::microseconds>>> all;
  for (std::size_t i = 0; i < 200; ++i) all.push_back(threads.spawn(where->take("reprise:rate:c", limit, 5s), i));
  int taken = 0;
  for (auto& each : all) taken += each.get().value() == 0us ? 1 : 0;
  EXPECT_EQ(taken, 50);
}

TEST_P(backend_rate, key_goes_when_the_limit_is_whole_again) {
  limit = {1, 1ms};
  EXPECT_EQ(take("reprise:rate:d"), 0us);
  EXPECT_TRUE(eventually([&] { return !threads.run(where->get("reprise:rate:d", 5s)).value().has_value(); }));
  EXPECT_EQ(take("reprise:rate:d"), 0us);
}

TEST_P(backend_rate, closed_backend_counts_nothing) {
  where->close();
  EXPECT_FALSE(threads.run(where->take("reprise:rate:e", limit, 5s)));
}

INSTANTIATE_TEST_SUITE_P(everywhere, backend_rate, ::testing::Values(place::memory, place::redis),
                         [](const auto& info) { return info.param == place::memory ? "memory" : "redis"; });

TEST(backend_rate_redis, every_key_has_a_ttl_and_a_number_from_the_future_is_cut_back) {
  io threads(1);
  redis_server server;
  const auto where = make_redis_backend({.port = server.port()}, threads.executors());
  ASSERT_TRUE(threads.run(where->open()));
  const rate limit{2, std::chrono::hours(1)};
  EXPECT_EQ(threads.run(where->take("reprise:rate:a", limit, 5s)).value(), 0us);
  const auto ttl = std::stoll(server.command({"PTTL", "reprise:rate:a"}));
  EXPECT_GT(ttl, 3'500'000);
  EXPECT_LE(ttl, 3'600'000);
  // As where the server's clock was set back by years.
  server.command({"SET", "reprise:rate:a", "9000000000000000", "PX", "100000"});
  EXPECT_LE(threads.run(where->take("reprise:rate:a", limit, 5s)).value(), 1h);
  server.command({"SET", "reprise:rate:a", "no number", "PX", "100000"});
  EXPECT_EQ(threads.run(where->take("reprise:rate:a", limit, 5s)).value(), 0us);
  where->close();
  threads.stop();
}

}  // namespace
}  // namespace reprise::testing

// Many requests for one entry cause one read of the origin; and while there is no generation, only a read that has not
// begun is shared.
#include "tests/support/engine_node.hpp"

#include <gtest/gtest.h>

namespace reprise::testing {
namespace {

TEST(engine_collapse, many_misses_on_two_caches_read_the_origin_once) {
  redis_server server;
  io threads{3};
  auto log = std::make_shared<memory_log>();
  gated_origin data;
  {
    options patient;  // a busy machine may take long, and a bypass would read by itself
    patient.deadline = 10s;
    node one(threads, backend_on(server, threads), log, patient), two(threads, backend_on(server, threads), log, patient);
    one.wait_available();
    two.wait_available();
    data.gate_closed = true;
    std::vector<std::future<result<cached_reply>>> all;
    for (std::size_t i = 0; i < 200; ++i) all.push_back(threads.spawn((i % 2 ? one : two).get(data.read()), i));
    ASSERT_TRUE(eventually([&] { return data.held >= 1; }));
    data.gate_closed = false;
    std::size_t collapsed = 0;
    for (auto& each : all) {
      const auto reply = each.get();
      EXPECT_EQ(reply->body, "{\"value\":0}");
      collapsed += reply->collapsed ? 1 : 0;
    }
    EXPECT_EQ(data.reads, 1);
    EXPECT_GT(collapsed, 0u);
  }
}

TEST(engine_collapse, failing_leader_poisons_nobody) {
  io threads{2};
  node one(threads, make_memory_backend({}, make_environment()), std::make_shared<memory_log>());
  one.wait_available();
  std::atomic<int> reads{0};
  const origin failing = [&reads]() -> asio::awaitable<origin_reply> {
    const int mine = reads++;
    co_await make_environment()->sleep(50ms);
    if (mine == 0) throw std::runtime_error("the store is away");
    origin_reply reply;
    reply.content_type = "application/json";
    reply.body = "{}";
    co_return reply;
  };
  auto leader = threads.spawn(one.get(failing), 0);
  ASSERT_TRUE(eventually([&] { return reads == 1; }));
  auto joiner = threads.spawn(one.get(failing), 1);
  EXPECT_THROW(leader.get(), std::runtime_error);
  EXPECT_EQ(joiner.get()->body, "{}");
}

TEST(engine_collapse, bypassed_requests_share_only_a_read_that_has_not_begun) {
  io threads{3};
  gated_origin data;
  node one(threads, nullptr, std::make_shared<memory_log>());
  data.gate_closed = true;
  auto running = threads.spawn(one.get(data.read()), 0);
  ASSERT_TRUE(eventually([&] { return data.held == 1; }));
  ++data.value;  // a write: whoever comes from here on must see it
  std::vector<std::future<result<cached_reply>>> later;
  for (std::size_t i = 0; i < 20; ++i) later.push_back(threads.spawn(one.get(data.read()), i));
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(data.reads, 1);  // one running, one queued
  data.gate_closed = false;
  EXPECT_EQ(running.get()->body, "{\"value\":0}");
  for (auto& each : later) EXPECT_EQ(each.get()->body, "{\"value\":1}");
  EXPECT_EQ(data.reads, 2);
}

TEST(engine_collapse, origin_reads_beyond_the_bound_are_refused) {
  io threads{2};
  gated_origin data;
  options settings;
  settings.origin_reads = 2;
  settings.origin_wait = 100ms;
  node one(threads, nullptr, std::make_shared<memory_log>(), settings);
  data.gate_closed = true;
  std::vector<std::future<result<cached_reply>>> all;
  for (int i = 0; i < 20; ++i) all.push_back(threads.spawn(one.get(data.read(), std::to_string(i)), 0));
  std::size_t refused = 0;
  ASSERT_TRUE(eventually([&] { return data.held == 2; }));
  for (std::size_t i = 2; i < all.size(); ++i) {
    const auto reply = all[i].get();
    refused += !reply && reply.error() == errc::overloaded ? 1 : 0;
  }
  EXPECT_EQ(refused, 18u);
  EXPECT_EQ(data.reads, 2);
  data.gate_closed = false;
  all[0].get();
  all[1].get();
}

}  // namespace
}  // namespace reprise::testing

// What a refusal waits for: every write that has committed, whoever made it and whatever became of him.
#include "tests/support/engine_node.hpp"

#include <gtest/gtest.h>

namespace reprise::testing {
namespace {

class engine_settled : public ::testing::Test {
 protected:
  redis_server one, other;
  io threads{3};
  std::shared_ptr<memory_log> log = std::make_shared<memory_log>();
  gated_origin data;

  void warm(node& here) {
    while (threads.run(here.get(data.read()))->outcome != outcome::hit) {
    }
  }
  // A write whose process dies between its commit and its invalidation.
  void write_and_die() {
    ++data.value;
    log->commit({*scope::of_user("bookings", "1")});
  }
};

TEST_F(engine_settled, write_that_nobody_invalidated_shows_on_every_node_afterwards) {
  node first(threads, backend_on(one, threads), log), second(threads, backend_on(other, threads), log);
  first.wait_available();
  second.wait_available();
  warm(first);
  warm(second);
  write_and_die();
  ASSERT_TRUE(threads.run(first.cache.wait_settled()));
  EXPECT_EQ(threads.run(first.get(data.read()))->body, "{\"value\":1}");
  EXPECT_EQ(threads.run(second.get(data.read()))->body, "{\"value\":1}");
}

TEST_F(engine_settled, process_without_a_cache_waits_for_those_that_have_one) {
  node bare(threads, nullptr, log), second(threads, backend_on(other, threads), log);
  second.wait_available();
  warm(second);
  write_and_die();
  ASSERT_TRUE(threads.run(bare.cache.wait_settled()));
  EXPECT_EQ(threads.run(second.get(data.read()))->body, "{\"value\":1}");
}

TEST_F(engine_settled, with_nothing_pending_nobody_waits) {
  node first(threads, backend_on(one, threads), log), second(threads, backend_on(other, threads), log);
  first.wait_available();
  second.wait_available();
  warm(first);
  std::vector<std::future<result<void>>> all;
  for (int i = 0; i < 50; ++i) all.push_back(threads.spawn(first.cache.wait_settled(), static_cast<std::size_t>(i)));
  for (auto& each : all) EXPECT_TRUE(each.get());
  EXPECT_EQ(first.cache.snapshot().write_waits.back(), 0u);
  EXPECT_EQ(threads.run(first.get(data.read()))->outcome, outcome::hit);
}

}  // namespace
}  // namespace reprise::testing

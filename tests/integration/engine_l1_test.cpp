// What a process keeps itself of the cache: who is asked for what, and that nothing outlives an invalidation.
#include "tests/support/engine_node.hpp"

#include <gtest/gtest.h>

namespace reprise::testing {
namespace {

class l1_test : public ::testing::TestWithParam<local_copies> {
 protected:
  l1_test() {
    for (auto* each : {&first, &second}) {
      (*each)->policy.local = GetParam();
      (*each)->wait_available();
    }
  }
  ~l1_test() override {
    second.reset();
    first.reset();
    threads.stop();
  }
  std::string read(node& at) { return std::string(threads.run(at.get(data.read()))->body); }
  std::uint64_t calls() { return first->cache.snapshot().backend_calls.back(); }
  std::uint64_t local_hits(node& at) { return at.cache.snapshot().prefixes["bookings"].local_hits; }
  bool is_tracked() const { return GetParam() == local_copies::tracked; }
  // A tracked hit needs one check of the connections, and one look that tells the generation.
  void warm(node& at) {
    ASSERT_TRUE(eventually([&] {
      const auto before = local_hits(at);
      const auto asked = at.cache.snapshot().backend_calls.back();
      (void)threads.run(at.get(data.read()));
      return local_hits(at) > before && (!is_tracked() || at.cache.snapshot().backend_calls.back() == asked);
    }));
  }

  redis_server server;
  io threads{2};
  std::shared_ptr<memory_log> log = std::make_shared<memory_log>();
  gated_origin data;
  std::unique_ptr<node> first = std::make_unique<node>(threads, backend_on(server, threads), log);
  std::unique_ptr<node> second = std::make_unique<node>(threads, backend_on(server, threads), log);
};

std::string mode_name(const ::testing::TestParamInfo<local_copies>& each) {
  return each.param == local_copies::tracked ? "tracked" : "validated";
}
INSTANTIATE_TEST_SUITE_P(modes, l1_test, ::testing::Values(local_copies::validated, local_copies::tracked), mode_name);

TEST_P(l1_test, hit_asks_for_the_generation_alone_or_for_nothing) {
  warm(*first);
  const auto before = calls();
  // The entry is gone from Redis: what is served is this process's own.
  EXPECT_EQ(server.command({"UNLINK", "bookings:user:1:role:student:query:{}"}), "1");
  EXPECT_EQ(read(*first), "{\"value\":0}");
  EXPECT_EQ(calls() - before, is_tracked() ? 0u : 1u);
  EXPECT_EQ(data.reads, 1);
  EXPECT_EQ(first->cache.snapshot().local_entries, 1u);
}

TEST_P(l1_test, own_write_is_seen_by_the_next_read) {
  for (int value = 1; value <= 50; ++value) {
    warm(*first);
    threads.run(first->write(data));
    ASSERT_EQ(read(*first), "{\"value\":" + std::to_string(value) + "}");
  }
}

TEST_P(l1_test, write_of_another_node_is_seen) {
  for (int value = 1; value <= 20; ++value) {
    warm(*first);
    threads.run(second->write(data));
    const auto wanted = "{\"value\":" + std::to_string(value) + "}";
    if (is_tracked())
      ASSERT_TRUE(eventually([&] { return read(*first) == wanted; }));
    else
      ASSERT_EQ(read(*first), wanted);
  }
}

TEST_P(l1_test, entry_of_another_generation_is_fetched_and_kept) {
  warm(*first);
  threads.run(second->write(data));
  EXPECT_EQ(read(*second), "{\"value\":1}");  // fills
  ASSERT_TRUE(eventually([&] { return read(*first) == "{\"value\":1}"; }));
  warm(*first);
  EXPECT_EQ(data.reads, 2) << "the other node's entry was used";
}

TEST_P(l1_test, generation_that_another_hand_removed_is_a_miss) {
  warm(*first);
  ++data.value;
  EXPECT_EQ(server.command({"DEL", "bookings:user:1:gen"}), "1");
  EXPECT_TRUE(eventually([&] { return read(*first) == "{\"value\":1}"; }));
}

TEST_P(l1_test, nothing_is_kept_across_a_lost_session) {
  warm(*first);
  ++data.value;  // behind everybody's back, and then the server's data goes
  EXPECT_EQ(server.command({"FLUSHALL"}), "OK");
  EXPECT_TRUE(eventually([&] { return first->cache.is_available() && read(*first) == "{\"value\":1}"; }));
}

TEST_P(l1_test, stalled_server_ends_hits_with_the_lease) {
  warm(*first);
  server.pause();
  EXPECT_TRUE(eventually([&] {
    const auto reply = threads.run(first->get(data.read()));
    return reply->outcome == outcome::bypass;
  }));
  server.resume();
  warm(*first);
}

TEST(l1, nothing_is_kept_where_it_has_no_memory) {
  redis_server server;
  io threads{1};
  const auto log = std::make_shared<memory_log>();
  gated_origin data;
  options settings;
  settings.local_bytes = 0;
  {
    node only(threads, backend_on(server, threads), log, settings);
    only.policy.local = local_copies::tracked;
    only.wait_available();
    for (int i = 0; i < 3; ++i) (void)threads.run(only.get(data.read()));
    EXPECT_EQ(only.cache.snapshot().local_entries, 0u);
    EXPECT_EQ(only.cache.snapshot().prefixes.at("bookings").local_hits, 0u);
    EXPECT_EQ(only.cache.snapshot().prefixes.at("bookings").hits, 2u);
  }
  threads.stop();
}

}  // namespace
}  // namespace reprise::testing

// The relay: what another process committed is repeated here, however much it is, and a write waits for that.
#include "tests/support/engine_node.hpp"

#include <gtest/gtest.h>

namespace reprise::testing {
namespace {

std::vector<scope> many_scopes(int count) {
  std::vector<scope> scopes;
  for (int i = 0; i < count; ++i) scopes.push_back(*scope::of_user("bookings", std::to_string(i)));
  return scopes;
}

// A name that shows in a hundred thousand lists is changed through a process without Redis: the relay of one that has it
// goes on renewing its lease meanwhile.
TEST(engine_relay, row_of_many_scopes_ends_no_trust_and_removes_every_generation) {
  redis_server server;
  io threads{3};
  auto log = std::make_shared<memory_log>();
  gated_origin data;
  {
    options settings;
    settings.lease = settings.write_wait = 20s;  // for slow machines; what matters is that it is renewed in between
    node reader(threads, backend_on(server, threads), log, settings), writer(threads, nullptr, log, settings);
    reader.wait_available();
    for (const auto* user : {"0", "50000", "99999"}) {
      ASSERT_EQ(threads.run(reader.get(data.read(), user))->outcome, outcome::miss);
      ASSERT_EQ(threads.run(reader.get(data.read(), user))->outcome, outcome::hit);
    }
    ++data.value;
    auto scopes = many_scopes(100'000);
    std::vector<std::int64_t> rows{log->commit(scopes)};
    auto told = threads.spawn(writer.cache.invalidate(std::move(scopes), std::move(rows)), 1);
    bool trusted = true;
    while (told.wait_for(1ms) != std::future_status::ready) trusted = trusted && reader.cache.is_available();
    EXPECT_TRUE(told.get());
    EXPECT_TRUE(trusted);
    for (const auto* user : {"0", "50000", "99999"})
      EXPECT_EQ(threads.run(reader.get(data.read(), user))->body, "{\"value\":1}");
    EXPECT_GE(reader.cache.snapshot().replays, 1u);
  }
}

// What is repeated is credited, and goes from the log; what was credited is not repeated.
TEST(engine_relay, rows_go_once_every_redis_in_use_has_acknowledged_them) {
  redis_server one, other;
  io threads{3};
  auto log = std::make_shared<memory_log>();
  {
    node first(threads, backend_on(one, threads), log), second(threads, backend_on(other, threads), log);
    first.wait_available();
    second.wait_available();
    auto scopes = many_scopes(1);
    std::vector<std::int64_t> rows{log->commit(scopes)};
    EXPECT_TRUE(threads.run(first.cache.invalidate(std::move(scopes), std::move(rows))));
    EXPECT_TRUE(eventually([&] { return log->rows() == 0; }));
    EXPECT_EQ(second.cache.snapshot().replays, 1u);
  }
}

// A log that cannot be reached: the lease ends, the cache is bypassed, and it comes back by itself.
TEST(engine_relay, node_whose_log_forgets_its_identity_claims_again_and_starts_cold) {
  io threads{3};
  auto log = std::make_shared<memory_log>();
  gated_origin data;
  {
    node here(threads, make_memory_backend({}, make_environment()), log);
    here.wait_available();
    ASSERT_EQ(threads.run(here.get(data.read()))->outcome, outcome::miss);
    ASSERT_EQ(threads.run(here.get(data.read()))->outcome, outcome::hit);
    ++data.value;
    log->forget_everything();  // rows and all: as a clock that jumps, or another store put in its place
    ASSERT_TRUE(eventually([&] { return threads.run(here.get(data.read()))->body == "{\"value\":1}"; }));
    EXPECT_TRUE(eventually([&] { return threads.run(here.get(data.read()))->outcome == outcome::hit; }));
    EXPECT_EQ(threads.run(here.get(data.read()))->body, "{\"value\":1}");
  }
}

}  // namespace
}  // namespace reprise::testing

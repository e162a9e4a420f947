// Readers and writers on several threads, with a checker: no read is older than the last write acknowledged before it
// began. Faults are thrown in on Redis: every connection is cut, again and again. Also what thread sanitizer runs.
#include "tests/support/engine_node.hpp"

#include <gtest/gtest.h>

#include <array>

namespace reprise::testing {
namespace {

constexpr std::size_t users = 8;
constexpr int rounds = 400;

struct world {
  std::array<gated_origin, users> data;
  std::array<std::atomic<int>, users> acknowledged{};
  std::atomic<int> stale{0}, reads{0}, hits{0};
};

asio::awaitable<void> read_often(node& here, world& all, std::size_t first) {
  for (int i = 0; i < rounds; ++i) {
    const auto user = (first + static_cast<std::size_t>(i) * 3) % users;
    const int due = all.acknowledged[user];
    const auto name = std::to_string(user);
    const auto reply = co_await here.get(all.data[user].read(), name);
    if (!reply) continue;
    const int seen = std::stoi(std::string(reply->body.substr(9)));
    ++all.reads;
    all.hits += reply->outcome == outcome::hit ? 1 : 0;
    all.stale += seen < due ? 1 : 0;
  }
}

asio::awaitable<void> write_often(node& here, world& all, std::size_t user) {
  const auto world_clock = make_environment();
  for (int i = 0; i < rounds / 8; ++i) {
    const auto name = std::to_string(user);
    co_await here.write(all.data[user], name);
    all.acknowledged[user] = all.data[user].value.load();  // one writer a user
    co_await world_clock->sleep(1ms);
  }
}

void run(node& here, world& all, io& threads, std::function<void()> fault) {
  std::vector<std::future<void>> work;
  for (std::size_t i = 0; i < 12; ++i) work.push_back(threads.spawn(read_often(here, all, i), i));
  for (std::size_t i = 0; i < users; ++i) work.push_back(threads.spawn(write_often(here, all, i), i));
  for (auto& each : work)
    while (each.wait_for(40ms) != std::future_status::ready) fault();
  EXPECT_EQ(all.stale, 0);
  EXPECT_GT(all.reads, rounds);
  EXPECT_GT(all.hits, 0);
}

TEST(engine_stress, memory_is_never_stale) {
  io threads{3};
  world all;
  node here(threads, make_memory_backend({}, make_environment()), std::make_shared<memory_log>());
  here.wait_available();
  run(here, all, threads, [] {});
}

TEST(engine_stress, redis_whose_connections_are_cut_is_never_stale) {
  redis_server server;
  io threads{3};
  world all;
  node here(threads, backend_on(server, threads), std::make_shared<memory_log>());
  here.wait_available();
  run(here, all, threads, [&] { server.command({"client", "kill", "type", "normal"}); });
  EXPECT_TRUE(eventually([&] { return here.cache.is_available(); }));
}

}  // namespace
}  // namespace reprise::testing

// Where the queue's data is somewhere else by now: a cluster's slot that moves, a master that is none any more.
#include "tests/support/jobs_world.hpp"
#include "tests/support/redis_cluster.hpp"

#include <mutex>
#include <set>

namespace reprise::testing {
namespace {

// Counts how often each job ran.
struct account {
  jobs::handler handler() {
    return [this](const job& one, job_context&) -> asio::awaitable<outcome> {
      {
        const std::lock_guard lock(mutex);
        ++runs[one.id];
      }
      co_return outcome::completed();
    };
  }
  std::size_t seen() {
    const std::lock_guard lock(mutex);
    return runs.size();
  }
  std::mutex mutex;
  std::map<std::string, int> runs;
};

TEST(jobs_places, prefix_without_a_hash_tag_is_refused_in_a_cluster) {
  auto& cluster = redis_cluster::shared();
  for (const auto* prefix : {"bull", "{}bull", "bu}l{l"})
    EXPECT_THROW(jobs_world(cluster.options(), prefix), boost::system::system_error) << prefix;
}

TEST(jobs_places, each_job_runs_once_while_the_slot_moves) {
  auto& cluster = redis_cluster::shared();
  jobs_world world(cluster.options(), "{bull}");
  account counted;
  auto options = world.worker_options();
  options.concurrency = 8;
  world.work(options, counted.handler());
  std::set<std::string> added;
  const auto slot = cluster.slot_of("{bull}");
  auto home = cluster.owner_of(world.key("meta"));
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 50; ++i) added.insert(world.add("a"));
    const auto away = (home + 1) % cluster.size();
    cluster.move(slot, home, away);
    home = away;
  }
  EXPECT_EQ(added.size(), 300u) << *added.rbegin();
  ASSERT_TRUE(eventually([&] { return counted.seen() == added.size(); })) << counted.seen();
  for (const auto& [id, runs] : counted.runs) {
    EXPECT_EQ(added.count(id), 1u) << id;
    EXPECT_EQ(runs, 1) << id;
  }
}

TEST(jobs_places, call_waits_until_the_slot_has_arrived) {
  auto& cluster = redis_cluster::shared();
  jobs_world world(cluster.options(), "{half}");
  ASSERT_EQ(world.add("a"), "1");
  const auto slot = cluster.slot_of("{half}");
  const auto home = cluster.owner_of("{half}"), away = (home + 1) % cluster.size();
  cluster.begin_move(slot, home, away);
  // Some of its keys are there and some are not: nobody can run a script on them.
  auto waiting = world.start([&] { return world.queue->add("a", boost::json::object()); });
  EXPECT_EQ(waiting.wait_for(200ms), std::future_status::timeout);
  cluster.move(slot, home, away);
  EXPECT_EQ(take(std::move(waiting)).value(), "2");
}

TEST(jobs_places, call_on_a_server_that_became_a_replica_waits_for_a_master) {
  jobs_world world;
  ASSERT_EQ(world.add("a"), "1");
  ASSERT_EQ(world.redis_cli({"REPLICAOF", "127.0.0.1", std::to_string(free_port())}), "OK");
  auto waiting = world.start([&] { return world.queue->add("a", boost::json::object()); });
  EXPECT_EQ(waiting.wait_for(300ms), std::future_status::timeout);
  ASSERT_EQ(world.redis_cli({"REPLICAOF", "NO", "ONE"}), "OK");
  EXPECT_EQ(take(std::move(waiting)).value(), "2");
}

TEST(jobs_places, call_that_nobody_takes_ends_with_its_deadline_and_was_not_executed) {
  jobs_world world;
  world.run([&]() -> asio::awaitable<void> {
    world.queue.reset();
    co_return;
  });
  world.deadline = 500ms;
  world.open();
  ASSERT_EQ(world.add("a"), "1");
  ASSERT_EQ(world.redis_cli({"REPLICAOF", "127.0.0.1", std::to_string(free_port())}), "OK");
  const auto added = world.run([&] { return world.queue->add("a", boost::json::object()); });
  EXPECT_TRUE(added.error() == jobs::errc::unavailable || added.error() == jobs::errc::refused) << added.error().message();
}

}  // namespace
}  // namespace reprise::testing

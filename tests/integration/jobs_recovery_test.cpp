// What must not be lost: workers that die, locks that expire, a Redis that goes away, refuses, or does not answer.
#include "tests/support/jobs_world.hpp"

namespace reprise::testing {
namespace {

jobs::worker_options quick(const jobs_world& world) {
  auto options = world.worker_options();
  options.lock_duration = 200ms;
  options.stalled_interval = 100ms;
  options.drain_delay = 100ms;
  return options;
}

// A handler that never ends by itself.
jobs::handler hangs(std::atomic<int>& runs, std::atomic<bool>& may_end) {
  return [&](const job&, job_context&) -> asio::awaitable<outcome> {
    ++runs;
    (void)co_await comes_true([&] { return may_end.load(); });
    co_return outcome::completed();
  };
}

TEST(jobs_recovery, job_of_a_dead_worker_runs_again_and_fails_the_second_time_without_running) {
  jobs_world world;
  std::atomic<int> runs{0};
  std::atomic<bool> may_end{false};
  EXPECT_EQ(world.add("a"), "1");
  for (int death = 1; death <= 2; ++death) {
    world.work(quick(world), hangs(runs, may_end));
    ASSERT_TRUE(eventually([&] { return runs == death; }));
    world.kill_worker();
  }
  std::atomic<int> later_runs{0};
  world.work(quick(world), [&](const job&, job_context&) -> asio::awaitable<outcome> {
    ++later_runs;
    co_return outcome::completed();
  });
  ASSERT_TRUE(world.comes_to("1", job_state::failed));
  may_end = true;
  EXPECT_EQ(later_runs, 0);
  auto hash = world.hash("1");
  EXPECT_EQ(hash["stc"], "2");
  EXPECT_EQ(hash["failedReason"], "job stalled more than allowable limit");
  EXPECT_EQ(hash.count("defa"), 0u);
  const auto events = world.events();
  const texts recovered{"active 1 prev=waiting", "waiting 1 prev=active", "stalled 1"};
  EXPECT_EQ(texts(events.begin() + 2, events.begin() + 5), recovered);
  EXPECT_EQ(texts(events.begin() + 5, events.begin() + 8), recovered);
}

TEST(jobs_recovery, lock_of_a_job_that_takes_long_is_renewed) {
  jobs_world world;
  std::atomic<int> runs{0};
  std::atomic<bool> may_end{false};
  auto& worker = world.work(quick(world), hangs(runs, may_end));
  EXPECT_EQ(world.add("a"), "1");
  ASSERT_TRUE(world.comes_to("1", job_state::active));
  // Many looks for stalled jobs, and several times as long as a lock lasts.
  const auto until = std::chrono::steady_clock::now() + 1s;
  ASSERT_TRUE(eventually([&] { return std::chrono::steady_clock::now() > until; }));
  EXPECT_TRUE(world.exists("1:lock"));
  may_end = true;
  ASSERT_TRUE(world.comes_to("1", job_state::completed));
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(world.hash("1").count("stc"), 0u);
  EXPECT_EQ(world.ask([&] { return worker.counts().lock_lost; }), 0u);
}

TEST(jobs_recovery, handler_is_told_that_its_lock_is_anothers_and_its_outcome_is_not_written) {
  jobs_world world;
  std::atomic<bool> was_told{false}, was_called{false};
  auto options = quick(world);
  options.stalled_interval = 0ms;
  auto& worker = world.work(options, [&](const job&, job_context& context) -> asio::awaitable<outcome> {
    context.on_stop([&] { was_called = true; });
    was_told = co_await comes_true([&] { return context.is_lock_lost(); });
    co_return outcome::completed("mine");
  });
  EXPECT_EQ(world.add("a"), "1");
  ASSERT_TRUE(world.comes_to("1", job_state::active));
  world.redis_cli({"SET", world.key("1:lock"), "somebody else's"});
  ASSERT_TRUE(eventually([&] { return world.ask([&] { return worker.counts().lock_lost; }) == 1; }));
  EXPECT_TRUE(was_told);
  EXPECT_TRUE(was_called);
  EXPECT_EQ(world.state("1"), job_state::active);
  EXPECT_EQ(world.hash("1").count("returnvalue"), 0u);
  EXPECT_EQ(world.redis_cli({"GET", world.key("1:lock")}), "somebody else's");
}

TEST(jobs_recovery, worker_goes_on_after_redis_was_killed_and_started_again) {
  jobs_world world;
  std::atomic<int> runs{0};
  world.work(quick(world), [&](const job&, job_context&) -> asio::awaitable<outcome> {
    ++runs;
    co_return outcome::completed();
  });
  EXPECT_EQ(world.add("a"), "1");
  ASSERT_TRUE(world.comes_to("1", job_state::completed));
  world.redis.kill();
  // Long enough for several attempts to connect in vain.
  const auto until = std::chrono::steady_clock::now() + 700ms;
  ASSERT_TRUE(eventually([&] { return std::chrono::steady_clock::now() > until; }));
  world.redis.restart();  // empty: it kept nothing
  ASSERT_TRUE(eventually([&] { return world.add("b").find("error") == std::string::npos; }));
  EXPECT_TRUE(eventually([&] { return runs >= 2; }));
  EXPECT_TRUE(world.comes_to("1", job_state::completed));
}

TEST(jobs_recovery, cut_connections_lose_no_job_of_many) {
  jobs_world world;
  auto options = quick(world);
  options.concurrency = 20;
  options.lock_duration = 2000ms;  // what is lost with an answer is found by its token, long before
  std::atomic<int> runs{0};
  for (int i = 0; i < 2; ++i)
    world.work(options, [&](const job&, job_context&) -> asio::awaitable<outcome> {
      ++runs;
      co_return outcome::completed();
    });
  std::vector<jobs::new_job> some;
  for (int i = 0; i < 200; ++i) some.emplace_back("j", i).options.id = "none";
  int added = 0;
  for (int round = 0; round < 10; ++round) {
    for (auto& each : some) each.options.id = "job-" + std::to_string(added++);
    auto adding = world.start([&] { return world.queue->add_bulk(some); });
    world.redis_cli({"CLIENT", "KILL", "TYPE", "normal"});
    const auto results = take(std::move(adding));
    ASSERT_TRUE(results);
    // What is unknown is added again: its id is there, or not.
    for (std::size_t i = 0; i < some.size(); ++i) {
      const auto& one = some[i];
      const auto is_added = [&] { return world.add(one.name, one.data, one.options) == one.options.id; };
      EXPECT_TRUE((*results)[i] || eventually(is_added));
    }
  }
  EXPECT_TRUE(eventually([&] { return world.redis_cli({"ZCARD", world.key("completed")}) == "2000"; }));
  EXPECT_FALSE(world.exists("active"));
  EXPECT_FALSE(world.exists("wait"));
  EXPECT_GE(runs, 2000);
  EXPECT_EQ(world.redis_cli({"ZCARD", world.key("failed")}), "0");
}

// The outcome was written, and the answer lost: it is not written twice, and the job that came with it is not left
// behind.
TEST(jobs_recovery, outcome_without_an_answer_is_tried_again_and_written_once) {
  jobs_world world;
  auto options = world.worker_options();
  options.deadline = 200ms;
  options.stalled_interval = 0ms;
  std::atomic<bool> may_end{false};
  texts ran;
  auto& worker = world.work(options, [&](const job& what, job_context&) -> asio::awaitable<outcome> {
    ran.push_back(what.id);
    (void)co_await comes_true([&] { return may_end.load(); });
    co_return outcome::completed();
  });
  EXPECT_EQ(world.add("a"), "1");
  ASSERT_TRUE(world.comes_to("1", job_state::active));
  EXPECT_EQ(world.add("b"), "2");
  world.redis.pause();  // what is sent now is executed when it goes on
  may_end = true;
  const auto until = std::chrono::steady_clock::now() + 600ms;
  ASSERT_TRUE(eventually([&] { return std::chrono::steady_clock::now() > until; }));
  world.redis.resume();
  ASSERT_TRUE(world.comes_to("1", job_state::completed));
  ASSERT_TRUE(world.comes_to("2", job_state::completed));
  EXPECT_EQ(ran, (texts{"1", "2"}));
  EXPECT_EQ(world.hash("1")["atm"], "1");
  EXPECT_EQ(world.hash("2")["atm"], "1");
  EXPECT_TRUE(eventually([&] { return world.ask([&] { return worker.counts().completed; }) == 2; }));
  EXPECT_EQ(world.ask([&] { return worker.counts().lock_lost; }), 0u);
  const auto events = world.events();
  EXPECT_EQ(std::count(events.begin(), events.end(), "completed 1 prev=active"), 1);
}

TEST(jobs_recovery, full_redis_takes_outcomes_and_gives_no_jobs) {
  jobs_world world;
  std::atomic<bool> may_end{false};
  std::atomic<int> runs{0};
  world.work(hangs(runs, may_end));
  EXPECT_EQ(world.add("a"), "1");
  EXPECT_EQ(world.add("b"), "2");
  ASSERT_TRUE(world.comes_to("1", job_state::active));
  world.redis_cli({"CONFIG", "SET", "maxmemory", "1"});
  may_end = true;
  ASSERT_TRUE(world.comes_to("1", job_state::completed));
  world.redis_cli({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_TRUE(world.comes_to("2", job_state::completed));
}

TEST(jobs_recovery, refused_outcome_is_tried_until_it_is_taken) {
  jobs_world world;
  std::atomic<bool> may_end{false};
  std::atomic<int> runs{0};
  world.work(hangs(runs, may_end));
  EXPECT_EQ(world.add("a"), "1");
  ASSERT_TRUE(world.comes_to("1", job_state::active));
  world.redis_cli({"CONFIG", "SET", "min-replicas-to-write", "1"});  // NOREPLICAS for every write
  may_end = true;
  const auto until = std::chrono::steady_clock::now() + 500ms;
  ASSERT_TRUE(eventually([&] { return std::chrono::steady_clock::now() > until; }));
  EXPECT_EQ(world.state("1"), job_state::active);
  world.redis_cli({"CONFIG", "SET", "min-replicas-to-write", "0"});
  EXPECT_TRUE(world.comes_to("1", job_state::completed));
  EXPECT_EQ(runs, 1);
}

TEST(jobs_recovery, password_that_is_set_later_stops_nobody_for_good) {
  jobs_world world;
  auto& worker = world.work(completes());
  ASSERT_TRUE(eventually([&] { return world.ask([&] { return worker.is_connected(); }); }));
  world.redis_cli({"CONFIG", "SET", "requirepass", "secret"});
  world.redis_cli({"-a", "secret", "CLIENT", "KILL", "TYPE", "normal"});
  ASSERT_TRUE(eventually([&] { return !world.ask([&] { return worker.is_connected(); }); }));
  world.redis_cli({"-a", "secret", "--no-auth-warning", "CONFIG", "SET", "requirepass", ""});
  ASSERT_TRUE(eventually([&] { return world.add("a").find("error") == std::string::npos; }));
  EXPECT_TRUE(world.comes_to("1", job_state::completed));
}

TEST(jobs_recovery, call_while_redis_is_away_ends_by_its_deadline) {
  jobs_world world;
  world.redis.kill();
  const boost::json::value data(1);
  const auto error = world.run([&]() -> asio::awaitable<boost::system::error_code> {
    jobs::queue_options options;
    options.name = "q";
    options.redis = world.where();
    options.deadline = 200ms;
    jobs::queue alone(co_await asio::this_coro::executor, options);
    const auto id = co_await alone.add("a", data);
    co_return id ? boost::system::error_code() : id.error();
  });
  EXPECT_EQ(error, jobs::errc::unavailable);
  world.redis.restart();
}

}  // namespace
}  // namespace reprise::testing

// Working: what a worker leaves in Redis, and what handlers may say.
#include "tests/support/jobs_world.hpp"

namespace reprise::testing {
namespace {

job_options with_attempts(std::uint32_t attempts, std::optional<jobs::backoff> backoff = {}) {
  job_options options;
  options.attempts = attempts;
  options.backoff = backoff;
  return options;
}

TEST(jobs_worker, completed_job_has_the_keys_and_events_of_the_model) {
  jobs_world world;
  EXPECT_EQ(world.add("email", {{"to", "a@b.c"}}, with_attempts(3)), "1");
  std::map<std::string, std::string> while_active;
  std::string lock, token;
  int lock_ttl = 0;
  texts active;
  auto options = world.worker_options();
  options.name = "w1";
  world.work(options, [&](const job& what, job_context& context) -> asio::awaitable<outcome> {
    EXPECT_EQ(what.name, "email");
    EXPECT_EQ(what.data.at("to").as_string(), "a@b.c");
    EXPECT_EQ(what.attempts_started, 1u);
    EXPECT_EQ(what.options.attempts, 3u);
    const boost::json::value progress(42);
    const auto updated = co_await context.update_progress(progress);
    EXPECT_TRUE(updated);
    const auto lines = co_await context.log("line1");
    EXPECT_TRUE(lines && *lines == 1);
    token = context.token();
    lock = world.redis_cli({"GET", world.key("1:lock")});
    lock_ttl = std::stoi(world.redis_cli({"PTTL", world.key("1:lock")}));
    active = world.list("active");
    while_active = world.hash("1");
    co_return outcome::completed({{"ok", true}});
  });
  ASSERT_TRUE(world.comes_to("1", job_state::completed));
  EXPECT_EQ(lock, token);
  EXPECT_FALSE(token.empty());
  EXPECT_GT(lock_ttl, 25'000);
  EXPECT_EQ(active, texts{"1"});
  EXPECT_EQ(while_active["ats"], "1");
  EXPECT_EQ(while_active["pb"], "w1");
  EXPECT_EQ(while_active["progress"], "42");
  EXPECT_EQ(while_active.count("processedOn"), 1u);
  auto hash = world.hash("1");
  EXPECT_EQ(hash["atm"], "1");
  EXPECT_EQ(hash["returnvalue"], R"({"ok":true})");
  EXPECT_EQ(world.sorted_set("completed").at("1"), hash["finishedOn"]);
  EXPECT_FALSE(world.exists("active"));
  EXPECT_FALSE(world.exists("1:lock"));
  EXPECT_EQ(world.list("1:logs"), texts{"line1"});
  EXPECT_EQ(world.event_field("completed", "returnvalue"), R"({"ok":true})");
  EXPECT_EQ(world.event_field("progress", "data"), "42");
  EXPECT_EQ(world.events(), (texts{"added 1", "waiting 1", "active 1 prev=waiting", "progress 1",
                                   "completed 1 prev=active", "drained"}));
  EXPECT_TRUE(eventually([&] {
    return world.redis_cli({"CLIENT", "LIST"}).find("name=bull:cQ==:w:w1 ") != std::string::npos;
  }));
}

TEST(jobs_worker, job_that_fails_twice_is_delayed_by_its_backoff_and_then_completes) {
  jobs_world world;
  int attempts = 0;
  std::vector<std::map<std::string, std::string>> seen;
  world.work([&](const job& what, job_context&) -> asio::awaitable<outcome> {
    seen.push_back(world.hash("1"));
    EXPECT_EQ(what.attempts_made, static_cast<unsigned>(attempts));
    if (++attempts < 3) throw std::runtime_error("boom" + std::to_string(attempts));
    co_return outcome::completed("done");
  });
  EXPECT_EQ(world.add("a", nullptr, with_attempts(3, jobs::backoff(jobs::backoff::kind::exponential, 100ms))), "1");
  ASSERT_TRUE(world.comes_to("1", job_state::completed));
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[1]["failedReason"], "boom1");
  EXPECT_EQ(seen[1]["stacktrace"], R"(["boom1"])");
  EXPECT_EQ(seen[1]["atm"], "1");
  EXPECT_EQ(seen[1]["delay"], "0");
  auto hash = world.hash("1");
  EXPECT_EQ(hash["atm"], "3");
  EXPECT_EQ(hash["ats"], "3");
  EXPECT_EQ(hash["returnvalue"], "\"done\"");
  EXPECT_EQ(hash["failedReason"], "boom2");
  EXPECT_EQ(hash["stacktrace"], R"(["boom1","boom2"])");
  EXPECT_EQ(world.events(),
            (texts{"added 1", "waiting 1", "active 1 prev=waiting", "delayed 1", "waiting 1 prev=delayed",
                   "active 1 prev=waiting", "delayed 1", "waiting 1 prev=delayed", "active 1 prev=waiting",
                   "completed 1 prev=active", "drained"}));
  const auto processed = std::stoll(seen[2]["processedOn"]) - std::stoll(seen[1]["processedOn"]);
  EXPECT_GE(processed, 195);  // the second pause is twice the first
}

TEST(jobs_worker, retry_without_backoff_is_at_once_and_the_last_failure_is_final) {
  jobs_world world;
  world.work(
      [](const job&, job_context&) -> asio::awaitable<outcome> { co_return outcome::failed("no", "more about it"); });
  auto options = with_attempts(2);
  options.stack_trace_limit = 1;
  EXPECT_EQ(world.add("a", nullptr, options), "1");
  ASSERT_TRUE(world.comes_to("1", job_state::failed));
  auto hash = world.hash("1");
  EXPECT_EQ(hash["atm"], "2");
  EXPECT_EQ(hash["failedReason"], "no");
  EXPECT_EQ(hash["stacktrace"], R"(["more about it"])");
  EXPECT_EQ(world.sorted_set("failed").at("1"), hash["finishedOn"]);
  EXPECT_EQ(world.events(), (texts{"added 1", "waiting 1", "active 1 prev=waiting", "waiting 1 prev=active",
                                   "active 1 prev=waiting", "failed 1 prev=active", "retries-exhausted 1", "drained"}));
}

TEST(jobs_worker, unrecoverable_failure_is_not_tried_again) {
  jobs_world world;
  world.work([](const job&, job_context&) -> asio::awaitable<outcome> { co_return outcome::unrecoverable("never"); });
  EXPECT_EQ(world.add("a", nullptr, with_attempts(5)), "1");
  ASSERT_TRUE(world.comes_to("1", job_state::failed));
  EXPECT_EQ(world.hash("1")["atm"], "1");
  EXPECT_EQ(world.events().back(), "drained");
  EXPECT_EQ(world.event_field("retries-exhausted", "jobId"), "");
}

TEST(jobs_worker, deliberate_delay_counts_no_attempt) {
  jobs_world world;
  int runs = 0;
  world.work([&](const job&, job_context&) -> asio::awaitable<outcome> {
    if (++runs == 1) co_return outcome::delayed(50ms);
    co_return outcome::completed();
  });
  EXPECT_EQ(world.add("a"), "1");
  ASSERT_TRUE(world.comes_to("1", job_state::completed));
  EXPECT_EQ(world.hash("1")["atm"], "1");
  EXPECT_EQ(world.hash("1")["ats"], "2");
  EXPECT_EQ(world.hash("1").count("failedReason"), 0u);
}

TEST(jobs_worker, plain_jobs_come_before_prioritized_ones_and_low_numbers_first) {
  jobs_world world;
  job_options options;
  for (const auto priority : {3u, 1u, 2u}) {
    options.priority = priority;
    world.add("p" + std::to_string(priority), nullptr, options);
  }
  world.add("plain1");
  world.add("plain2");
  texts order;
  world.work([&](const job& what, job_context&) -> asio::awaitable<outcome> {
    order.push_back(what.name);
    co_return outcome::completed();
  });
  ASSERT_TRUE(world.comes_to("1", job_state::completed));
  EXPECT_EQ(order, (texts{"plain1", "plain2", "p1", "p2", "p3"}));
  EXPECT_TRUE(eventually([&] { return !world.exists("pc"); }));
}

TEST(jobs_worker, idle_worker_runs_a_delayed_job_when_it_is_due) {
  jobs_world world;
  auto slow = world.worker_options();
  slow.drain_delay = 30s;  // only the marker can tell in time
  world.work(slow, completes());
  ASSERT_TRUE(eventually([&] {
    return world.redis_cli({"CLIENT", "LIST"}).find("cmd=bzpopmin") != std::string::npos;
  }));
  job_options options;
  options.delay = 300ms;
  EXPECT_EQ(world.add("a", nullptr, options), "1");
  ASSERT_TRUE(world.comes_to("1", job_state::completed));
  const auto found = world.find("1");
  const auto waited = *found.processed_on - found.timestamp;
  EXPECT_GE(waited, 299ms);
  EXPECT_LT(waited, 10s);
  EXPECT_EQ(world.events(), (texts{"added 1", "delayed 1", "waiting 1 prev=delayed", "active 1 prev=waiting",
                                   "completed 1 prev=active", "drained"}));
}

TEST(jobs_worker, as_many_jobs_run_at_a_time_as_concurrency_says) {
  jobs_world world;
  std::atomic<int> running{0}, most{0}, done{0};
  std::vector<jobs::new_job> many;
  for (int i = 0; i < 100; ++i) many.emplace_back("j", i);
  ASSERT_TRUE(world.run([&] { return world.queue->add_bulk(many); }));
  auto options = world.worker_options();
  options.concurrency = 8;
  world.work(options, [&](const job&, job_context&) -> asio::awaitable<outcome> {
    most = std::max(most.load(), ++running);
    asio::steady_timer timer(co_await asio::this_coro::executor, 5ms);
    co_await timer.async_wait(asio::use_awaitable);
    --running;
    ++done;
    co_return outcome::completed();
  });
  ASSERT_TRUE(eventually([&] { return done == 100; }));
  EXPECT_EQ(most, 8);
  EXPECT_TRUE(eventually([&] { return world.sorted_set("completed").size() == 100; }));
  EXPECT_EQ(world.events().back(), "drained");
}

// Jobs that end in one turn are written by one call: what is wrong with one of them says nothing of the others.
TEST(jobs_worker, jobs_that_end_together_are_each_written_for_themselves) {
  jobs_world world;
  std::unique_ptr<asio::steady_timer> gate;
  world.run([&]() -> asio::awaitable<void> {
    gate = std::make_unique<asio::steady_timer>(co_await asio::this_coro::executor,
                                                std::chrono::steady_clock::time_point::max());
  });
  std::atomic<int> waiting{0};
  auto options = world.worker_options();
  options.concurrency = 5;
  options.stalled_interval = 0ms;
  options.remove_on_complete = jobs::retention::newest(3);
  auto& worker = world.work(options, [&](const job& what, job_context&) -> asio::awaitable<outcome> {
    if (what.name == "later") co_return outcome::completed(2);
    ++waiting;
    try {
      co_await gate->async_wait(asio::use_awaitable);
    } catch (const boost::system::system_error&) {  // it was opened
    }
    co_return outcome::completed(1);
  });
  for (int i = 0; i < 5; ++i) world.add("j");
  ASSERT_TRUE(eventually([&] { return waiting == 5; }));
  EXPECT_EQ(world.add("later"), "6");
  EXPECT_EQ(world.add("later"), "7");
  world.redis_cli({"SET", world.key("2:lock"), "somebody else's"});
  world.redis_cli({"SADD", world.key("3:dependencies"), "bull:q:child"});
  world.redis_cli({"DEL", world.key("4")});
  world.run([&]() -> asio::awaitable<void> {
    gate->cancel();
    co_return;
  });
  ASSERT_TRUE(world.comes_to("3", job_state::failed));
  ASSERT_TRUE(world.comes_to("7", job_state::completed));
  EXPECT_EQ(world.state("2"), job_state::active);
  EXPECT_EQ(world.hash("2").count("returnvalue"), 0u);
  EXPECT_EQ(world.redis_cli({"GET", world.key("2:lock")}), "somebody else's");
  EXPECT_EQ(world.hash("3")["failedReason"], "job 3 has pending children");
  EXPECT_FALSE(world.exists("4"));
  EXPECT_EQ(world.hash("5")["returnvalue"], "1");
  EXPECT_EQ(world.hash("5")["atm"], "1");
  EXPECT_TRUE(eventually([&] { return world.ask([&] { return worker.counts().completed; }) == 4; }));
  EXPECT_EQ(world.ask([&] { return worker.counts().lock_lost; }), 2u);
  // Of 1, 5, 6 and 7 the newest three.
  EXPECT_EQ(world.sorted_set("completed").size(), 3u);
  EXPECT_FALSE(world.exists("1"));
  for (const auto* id : {"1", "5", "6", "7"}) EXPECT_FALSE(world.exists(std::string(id) + ":lock"));
}

TEST(jobs_worker, global_concurrency_holds_over_all_workers) {
  jobs_world world;
  ASSERT_TRUE(world.run([&] { return world.queue->set_global_concurrency(2); }));
  EXPECT_EQ(world.hash("meta")["concurrency"], "2");
  std::atomic<int> running{0}, most{0}, done{0};
  for (int worker = 0; worker < 2; ++worker) {
    auto options = world.worker_options();
    options.concurrency = 4;
    world.work(options, [&](const job&, job_context&) -> asio::awaitable<outcome> {
      most = std::max(most.load(), ++running);
      asio::steady_timer timer(co_await asio::this_coro::executor, 5ms);
      co_await timer.async_wait(asio::use_awaitable);
      --running;
      ++done;
      co_return outcome::completed();
    });
  }
  std::vector<jobs::new_job> many;
  for (int i = 0; i < 30; ++i) many.emplace_back("j", i);
  ASSERT_TRUE(world.run([&] { return world.queue->add_bulk(many); }));
  ASSERT_TRUE(eventually([&] { return done == 30; }));
  EXPECT_EQ(most, 2);
}

TEST(jobs_worker, rate_limit_of_the_worker_spreads_its_jobs) {
  jobs_world world;
  std::vector<jobs::new_job> many;
  for (int i = 0; i < 6; ++i) many.emplace_back("j", i);
  ASSERT_TRUE(world.run([&] { return world.queue->add_bulk(many); }));
  std::mutex mutex;
  std::vector<std::chrono::steady_clock::time_point> starts;
  auto options = world.worker_options();
  options.concurrency = 6;
  options.limiter.most = 2;
  options.limiter.each = 300ms;
  world.work(options, [&](const job&, job_context&) -> asio::awaitable<outcome> {
    const std::lock_guard lock(mutex);
    starts.push_back(std::chrono::steady_clock::now());
    co_return outcome::completed();
  });
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return starts.size() == 6;
  }));
  EXPECT_LT(starts[1] - starts[0], 250ms);
  EXPECT_GE(starts[2] - starts[0], 280ms);
  EXPECT_GE(starts[4] - starts[0], 560ms);
}

TEST(jobs_worker, rate_limit_of_the_queue_goes_over_the_workers_own) {
  jobs_world world;
  jobs::rate_limit limit;
  limit.most = 1;
  limit.each = 60s;
  ASSERT_TRUE(world.run([&] { return world.queue->set_global_rate_limit(limit); }));
  world.add("a");
  world.add("b");
  world.work(completes());
  ASSERT_TRUE(world.comes_to("1", job_state::completed));
  const auto wait = world.run([&] { return world.queue->rate_limit_wait(); });
  ASSERT_TRUE(wait);
  EXPECT_GT(*wait, 50s);
  EXPECT_EQ(world.redis_cli({"GET", world.key("limiter")}), "1");
  EXPECT_EQ(world.state("2"), job_state::waiting);
}

TEST(jobs_worker, handler_may_ask_for_a_pause_of_the_whole_queue) {
  jobs_world world;
  int runs = 0;
  world.work([&](const job&, job_context&) -> asio::awaitable<outcome> {
    if (++runs == 1) co_return outcome::rate_limited(300ms);
    co_return outcome::completed();
  });
  world.add("a");
  ASSERT_TRUE(eventually([&] { return world.redis_cli({"GET", world.key("limiter")}) == "9007199254740991"; }));
  ASSERT_TRUE(world.comes_to("1", job_state::completed));
  EXPECT_EQ(world.hash("1")["atm"], "1");
  const auto found = world.find("1");
  EXPECT_GE(*found.finished_on - found.timestamp, 290ms);
}

TEST(jobs_worker, paused_worker_and_paused_queue_take_nothing) {
  jobs_world world;
  auto& worker = world.work(completes());
  world.run([&]() -> asio::awaitable<void> {
    worker.pause();
    co_return;
  });
  ASSERT_TRUE(world.run([&] { return world.queue->pause(); }));
  world.add("a");
  world.run([&]() -> asio::awaitable<void> {
    worker.resume();
    co_return;
  });
  ASSERT_TRUE(eventually([&] {
    return world.redis_cli({"CLIENT", "LIST"}).find("cmd=bzpopmin") != std::string::npos;
  }));
  EXPECT_EQ(world.state("1"), job_state::waiting);
  ASSERT_TRUE(world.run([&] { return world.queue->resume(); }));
  EXPECT_TRUE(world.comes_to("1", job_state::completed));
}

TEST(jobs_worker, finished_jobs_are_kept_by_count_and_age) {
  jobs_world world;
  job_options none, two, all;
  none.remove_on_complete = jobs::retention::none();
  two.remove_on_complete = jobs::retention::newest(2);
  all.remove_on_complete = jobs::retention();
  world.work(completes());
  EXPECT_EQ(world.add("a", nullptr, none), "1");
  ASSERT_TRUE(eventually([&] { return world.event_field("completed", "jobId") == "1"; }));
  EXPECT_FALSE(world.exists("1"));
  EXPECT_FALSE(world.exists("completed"));
  for (const auto* id : {"2", "3", "4"}) {
    EXPECT_EQ(world.add("a", nullptr, two), id);
    ASSERT_TRUE(world.comes_to(id, job_state::completed));
  }
  EXPECT_EQ(world.sorted_set("completed").size(), 2u);
  EXPECT_FALSE(world.exists("2"));
  EXPECT_TRUE(world.exists("3"));
  // By age: the older of the two is said to have finished an hour ago.
  world.redis_cli(
      {"ZADD", world.key("completed"), std::to_string(std::stoll(world.hash("3")["finishedOn"]) - 3'600'000), "3"});
  job_options young;
  young.remove_on_complete = jobs::retention::younger_than(std::chrono::seconds(600));
  EXPECT_EQ(world.add("a", nullptr, young), "5");
  ASSERT_TRUE(world.comes_to("5", job_state::completed));
  EXPECT_FALSE(world.exists("3"));
  EXPECT_TRUE(world.exists("4"));
}

TEST(jobs_worker, job_that_cannot_be_read_fails_with_a_clear_text_and_the_next_one_runs) {
  jobs_world world;
  const auto put = [&](const std::string& id, std::vector<std::string> fields) {
    std::vector<std::string> words{"HSET", world.key(id)};
    words.insert(words.end(), fields.begin(), fields.end());
    world.redis_cli(words);
    world.redis_cli({"LPUSH", world.key("wait"), id});
  };
  put("bad-data", {"name", "a", "data", "{broken", "opts", "{}"});
  put("bad-opts", {"name", "a", "data", "{}", "opts", "[1"});
  put("not-ours", {"colour", "green"});
  put("deep", {"name", "a", "data", std::string(1000, '[') + std::string(1000, ']'), "opts", "{}"});
  world.redis_cli({"LPUSH", world.key("wait"), "nothing-there"});
  world.redis_cli({"SET", world.key("a-string"), "x"});
  world.redis_cli({"LPUSH", world.key("wait"), "a-string"});
  std::atomic<int> runs{0};
  world.work([&](const job&, job_context&) -> asio::awaitable<outcome> {
    ++runs;
    co_return outcome::completed();
  });
  EXPECT_EQ(world.add("good"), "1");
  ASSERT_TRUE(world.comes_to("1", job_state::completed));
  EXPECT_EQ(runs, 1);
  for (const auto* id : {"bad-data", "bad-opts", "not-ours", "deep", "nothing-there"})
    EXPECT_EQ(world.state(id), job_state::failed) << id;
  EXPECT_EQ(world.hash("bad-data")["failedReason"].find("the job's data is not JSON"), 0u);
  EXPECT_EQ(world.hash("bad-opts")["failedReason"].find("the job's options are not a JSON object"), 0u);
  EXPECT_NE(world.hash("not-ours")["failedReason"].find("incomplete"), std::string::npos);
  EXPECT_FALSE(world.exists("active"));
  EXPECT_EQ(world.event_field("failed", "failedReason"), "the key of the job holds no hash");
}

TEST(jobs_worker, close_lets_what_runs_finish_and_takes_nothing_more) {
  jobs_world world;
  world.add("a");
  world.add("b");
  std::atomic<bool> may_end{false}, is_closing{false};
  auto& worker = world.work([&](const job&, job_context& context) -> asio::awaitable<outcome> {
    context.on_stop([&] { is_closing = context.is_closing(); });
    if (!co_await comes_true([&] { return may_end.load(); })) co_return outcome::failed("hangs");
    co_return outcome::completed();
  });
  ASSERT_TRUE(world.comes_to("1", job_state::active));
  auto closed = world.start([&] { return worker.close(30s); });
  ASSERT_TRUE(eventually([&] { return is_closing.load(); }));
  may_end = true;
  EXPECT_EQ(take(std::move(closed)), 0u);
  EXPECT_EQ(world.state("1"), job_state::completed);
  EXPECT_EQ(world.state("2"), job_state::waiting);
}

TEST(jobs_worker, close_beyond_its_limit_says_how_many_were_left) {
  jobs_world world;
  world.add("a");
  std::atomic<bool> may_end{false};
  auto& worker = world.work([&](const job&, job_context&) -> asio::awaitable<outcome> {
    co_await comes_true([&] { return may_end.load(); });
    co_return outcome::completed();
  });
  ASSERT_TRUE(world.comes_to("1", job_state::active));
  EXPECT_EQ(world.run([&] { return worker.close(50ms); }), 1u);
  may_end = true;
  EXPECT_EQ(world.state("1"), job_state::active);  // its lock expires, and somebody recovers it
}

// On a cluster of one node, which refuses a call whose keys are in several slots.
TEST(jobs_worker, queue_with_a_hash_tag_keeps_all_keys_in_one_slot) {
  jobs_world world({"--cluster-enabled", "yes", "--cluster-port", std::to_string(free_port())}, "{bull}");
  ASSERT_EQ(world.redis_cli({"CLUSTER", "ADDSLOTSRANGE", "0", "16383"}), "OK");
  ASSERT_TRUE(eventually([&] { return world.redis_cli({"CLUSTER", "INFO"}).find("cluster_state:ok") == 0; }));
  job_options options, delay, priority;
  options.deduplication = jobs::deduplication("d");
  options.attempts = 2;
  delay.delay = 10ms;
  priority.priority = 1;
  int runs = 0;
  auto two = world.worker_options();
  two.concurrency = 2;
  world.work(two, [&](const job& what, job_context& context) -> asio::awaitable<outcome> {
    (void)co_await context.log("x");
    if (what.name == "once" && ++runs == 1) co_return outcome::failed("once");
    co_return outcome::completed();
  });
  EXPECT_EQ(world.add("once", nullptr, options), "1");
  EXPECT_EQ(world.add("later", nullptr, delay), "2");
  EXPECT_EQ(world.add("first", nullptr, priority), "3");
  for (const auto* id : {"1", "2", "3"}) ASSERT_TRUE(world.comes_to(id, job_state::completed));
  ASSERT_TRUE(world.run([&] { return world.queue->retry("1", jobs::retry_counters::reset); }));
  ASSERT_TRUE(world.run([&] { return world.queue->pause(); }));
  ASSERT_TRUE(world.run([&] { return world.queue->resume(); }));
  ASSERT_TRUE(world.comes_to("1", job_state::completed));
  ASSERT_TRUE(world.run([&] { return world.queue->remove("2"); }));
  ASSERT_TRUE(world.run([&] { return world.queue->clean(0ms, 0, job_state::completed); }));
  ASSERT_TRUE(world.run([&] { return world.queue->drain(jobs::drain_scope::waiting_and_delayed); }));
  ASSERT_TRUE(world.run([&] { return world.queue->counts(); }));
  ASSERT_TRUE(world.run([&] { return world.queue->pause(); }));
  ASSERT_TRUE(world.run([&] { return world.queue->obliterate(jobs::active_jobs::protect); }));
  for (const auto& each : world.redis.lines({"KEYS", "*"})) EXPECT_EQ(each.find("{bull}:q:"), 0u) << each;
}

// A flow as Node.js adds it: the parent waits until its last child has finished.
TEST(jobs_worker, child_of_a_flow_releases_its_parent) {
  jobs_world world;
  const auto child = [&](const std::string& id) {
    world.redis_cli({"HSET", world.key(id), "name", "child", "data", "{}", "opts", "{}", "timestamp", "1", "delay", "0",
                     "priority", "0", "parentKey", world.key("parent"), "parent",
                     R"({"id":"parent","queueKey":"bull:q"})"});
    world.redis_cli({"SADD", world.key("parent:dependencies"), world.key(id)});
    world.redis_cli({"LPUSH", world.key("wait"), id});
  };
  world.redis_cli({"HSET", world.key("parent"), "name", "parent", "data", "{}", "opts", "{}", "timestamp", "1", "delay",
                   "0", "priority", "0"});
  world.redis_cli({"ZADD", world.key("waiting-children"), "1", "parent"});
  child("c1");
  child("c2");
  texts order;
  world.work([&](const job& what, job_context&) -> asio::awaitable<outcome> {
    order.push_back(what.id);
    co_return outcome::completed(boost::json::string(what.id));
  });
  ASSERT_TRUE(world.comes_to("parent", job_state::completed));
  EXPECT_EQ(order, (texts{"c1", "c2", "parent"}));
  EXPECT_EQ(world.hash("parent:processed"),
            (std::map<std::string, std::string>{{world.key("c1"), "\"c1\""}, {world.key("c2"), "\"c2\""}}));
  EXPECT_FALSE(world.exists("parent:dependencies"));
}

TEST(jobs_worker, failed_child_of_a_flow_fails_its_parent_where_it_says_so) {
  jobs_world world;
  world.redis_cli({"HSET", world.key("parent"), "name", "parent", "data", "{}", "opts", "{}", "timestamp", "1", "delay",
                   "0", "priority", "0"});
  world.redis_cli({"ZADD", world.key("waiting-children"), "1", "parent"});
  world.redis_cli({"HSET", world.key("c1"), "name", "child", "data", "{}", "opts", "{}", "timestamp", "1", "delay", "0",
                   "priority", "0", "parentKey", world.key("parent"), "parent",
                   R"({"id":"parent","queueKey":"bull:q","fpof":true})"});
  world.redis_cli({"SADD", world.key("parent:dependencies"), world.key("c1")});
  world.redis_cli({"LPUSH", world.key("wait"), "c1"});
  world.work([&](const job& what, job_context&) -> asio::awaitable<outcome> {
    if (what.id == "c1") co_return outcome::failed("no");
    co_return outcome::completed();
  });
  ASSERT_TRUE(world.comes_to("parent", job_state::failed));
  EXPECT_EQ(world.hash("parent")["failedReason"], "child " + world.key("c1") + " failed");
  EXPECT_EQ(world.hash("parent").count("defa"), 0u);
}

}  // namespace
}  // namespace reprise::testing

// Adding, as it is seen in Redis: the keys and events that BullMQ 6 makes.
#include "tests/support/jobs_world.hpp"

namespace reprise::testing {
namespace {

std::int64_t now() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

TEST(jobs_add, plain_job_has_the_keys_and_events_of_the_model) {
  jobs_world world;
  job_options options;
  options.attempts = 3;
  const auto before = now();
  EXPECT_EQ(world.add("email", {{"to", "a@b.c"}}, options), "1");
  EXPECT_EQ(world.redis_cli({"GET", world.key("id")}), "1");
  EXPECT_EQ(world.list("wait"), texts{"1"});
  EXPECT_EQ(world.sorted_set("marker"), (std::map<std::string, std::string>{{"0", "0"}}));
  EXPECT_EQ(world.hash("meta"), (std::map<std::string, std::string>{{"opts.maxLenEvents", "10000"}}));
  auto hash = world.hash("1");
  EXPECT_GE(std::stoll(hash["timestamp"]), before);
  EXPECT_LE(std::stoll(hash["timestamp"]), now());
  hash.erase("timestamp");
  EXPECT_EQ(hash, (std::map<std::string, std::string>{{"name", "email"},
                                                      {"data", R"({"to":"a@b.c"})"},
                                                      {"opts", R"({"attempts":3})"},
                                                      {"delay", "0"},
                                                      {"priority", "0"}}));
  EXPECT_EQ(world.events(), (texts{"added 1", "waiting 1"}));
}

TEST(jobs_add, jobs_of_one_turn_keep_their_order_whatever_their_kind) {
  jobs_world world;
  job_options lifo, later, first;
  lifo.lifo = true;
  later.delay = 60s;
  first.priority = 5;
  const boost::json::value data(7);
  const auto ids = world.run([&]() -> asio::awaitable<texts> {
    auto a = world.queue->add("a", data), b = world.queue->add("b", data, lifo), c = world.queue->add("c", data, later),
         d = world.queue->add("d", data, first), e = world.queue->add("e", data);
    texts all;
    for (auto* each : {&a, &b, &c, &d, &e}) {
      const auto id = co_await std::move(*each);
      all.push_back(id ? *id : id.error().message());
    }
    co_return all;
  });
  EXPECT_EQ(ids, (texts{"1", "2", "3", "4", "5"}));
  EXPECT_EQ(world.list("wait"), (texts{"5", "1", "2"}));  // taken from the right: the lifo one first
  EXPECT_EQ(world.events(), (texts{"added 1", "waiting 1", "added 2", "waiting 2", "added 3", "delayed 3", "added 4",
                                   "waiting 4", "added 5", "waiting 5"}));
}

TEST(jobs_add, delayed_jobs_are_scored_by_time_and_order_and_set_the_marker) {
  jobs_world world;
  job_options options;
  options.delay = 800ms;
  options.timestamp = std::chrono::system_clock::time_point(1'700'000'000'000ms);
  EXPECT_EQ(world.add("a", nullptr, options), "1");
  EXPECT_EQ(world.add("b", nullptr, options), "2");
  const auto due = 1'700'000'000'800;
  const auto delayed = world.sorted_set("delayed");
  EXPECT_EQ(std::stod(delayed.at("1")), static_cast<double>(due) * 4096);
  EXPECT_EQ(std::stod(delayed.at("2")), static_cast<double>(due) * 4096 + 1);
  EXPECT_EQ(std::stod(world.sorted_set("marker").at("1")), static_cast<double>(due));
  EXPECT_EQ(world.hash("1")["delay"], "800");
  EXPECT_EQ(world.event_field("delayed", "delay"), std::to_string(due));
  EXPECT_EQ(world.events(), (texts{"added 1", "delayed 1", "added 2", "delayed 2"}));
  EXPECT_FALSE(world.exists("wait"));
}

TEST(jobs_add, priorities_are_scored_by_priority_and_order) {
  jobs_world world;
  job_options options;
  options.priority = 3;
  world.add("a", nullptr, options);
  options.priority = 1;
  world.add("b", nullptr, options);
  const auto scores = world.sorted_set("prioritized");
  EXPECT_EQ(std::stod(scores.at("1")), 3.0 * 4294967296 + 1);
  EXPECT_EQ(std::stod(scores.at("2")), 1.0 * 4294967296 + 2);
  EXPECT_EQ(world.redis_cli({"GET", world.key("pc")}), "2");
  EXPECT_EQ(world.hash("1")["priority"], "3");
  EXPECT_EQ(world.sorted_set("marker").count("0"), 1u);
  EXPECT_EQ(world.state("1"), job_state::prioritized);
}

TEST(jobs_add, custom_id_that_is_there_is_not_added_again) {
  jobs_world world;
  job_options options;
  options.id = "payment-7";
  EXPECT_EQ(world.add("a", {{"n", 1}}, options), "payment-7");
  EXPECT_EQ(world.add("a", {{"n", 2}}, options), "payment-7");
  EXPECT_EQ(world.hash("payment-7")["data"], R"({"n":1})");
  EXPECT_EQ(world.list("wait"), texts{"payment-7"});
  EXPECT_EQ(world.events(), (texts{"added payment-7", "waiting payment-7", "duplicated payment-7"}));
  EXPECT_EQ(world.redis_cli({"GET", world.key("id")}), "2");
}

TEST(jobs_add, what_cannot_be_added_is_refused_before_anything_is_sent) {
  jobs_world world;
  const auto refused = [&](const job_options& options, const boost::json::value& data = nullptr) {
    const auto id = world.run([&] { return world.queue->add("a", data, options); });
    return id ? jobs::make_error_code(jobs::errc::bad_reply) : id.error();
  };
  for (const auto* id : {"7", "-7", "0", "a:b", "0:x", "wait", "meta", "marker", "a\nb"}) {
    job_options options;
    options.id = id;
    EXPECT_EQ(refused(options), jobs::errc::invalid_id) << id;
  }
  job_options negative, high, spread, small;
  negative.delay = -1ms;
  high.priority = job_options::most_priority + 1;
  spread.backoff = jobs::backoff(jobs::backoff::kind::fixed, 1s, 1.5);
  small.size_limit = 5;
  EXPECT_EQ(refused(negative), jobs::errc::invalid_options);
  EXPECT_EQ(refused(high), jobs::errc::invalid_options);
  EXPECT_EQ(refused(spread), jobs::errc::invalid_options);
  EXPECT_EQ(refused(small, "12345"), jobs::errc::too_large);
  EXPECT_EQ(world.redis_cli({"DBSIZE"}), "0");
}

TEST(jobs_add, deduplicated_job_is_the_one_that_is_there_until_it_has_finished) {
  jobs_world world;
  job_options options;
  options.deduplication = jobs::deduplication("d");
  EXPECT_EQ(world.add("a", 1, options), "1");
  EXPECT_EQ(world.hash("1")["deid"], "d");
  EXPECT_EQ(world.redis_cli({"GET", world.key("de:d")}), "1");
  EXPECT_EQ(world.redis_cli({"PTTL", world.key("de:d")}), "-1");
  EXPECT_EQ(world.add("a", 2, options), "1");
  EXPECT_EQ(world.events(), (texts{"added 1", "waiting 1", "deduplicated 1"}));
  EXPECT_EQ(world.event_field("deduplicated", "deduplicatedJobId"), "2");
  world.work(completes());
  ASSERT_TRUE(world.comes_to("1", job_state::completed));
  EXPECT_FALSE(world.exists("de:d"));
  EXPECT_EQ(world.add("a", 3, options), "3");
}

TEST(jobs_add, deduplication_with_a_time_to_live_outlasts_the_job) {
  jobs_world world;
  job_options options;
  options.deduplication = jobs::deduplication("d", 60s);
  EXPECT_EQ(world.add("a", 1, options), "1");
  world.work(completes());
  ASSERT_TRUE(world.comes_to("1", job_state::completed));
  EXPECT_EQ(world.add("a", 2, options), "1");
  EXPECT_GT(std::stoi(world.redis_cli({"PTTL", world.key("de:d")})), 50'000);
}

TEST(jobs_add, replacing_deduplication_keeps_only_the_newest_delayed_job) {
  jobs_world world;
  job_options options;
  options.deduplication = jobs::deduplication("d");
  options.deduplication.replace = true;
  options.delay = 60s;
  EXPECT_EQ(world.add("a", 1, options), "1");
  EXPECT_EQ(world.add("a", 2, options), "2");
  EXPECT_FALSE(world.exists("1"));
  EXPECT_EQ(world.sorted_set("delayed").size(), 1u);
  EXPECT_EQ(world.redis_cli({"GET", world.key("de:d")}), "2");
  EXPECT_EQ(world.events(),
            (texts{"added 1", "delayed 1", "removed 1 prev=delayed", "deduplicated 2", "added 2", "delayed 2"}));
}

// What is added while the job runs is not lost: the last of it runs when that has finished.
TEST(jobs_add, last_add_while_the_job_is_active_runs_after_it) {
  jobs_world world;
  std::atomic<bool> may_end{false};
  std::atomic<int> last{0};
  world.work([&](const job& what, job_context&) -> asio::awaitable<outcome> {
    if (!co_await comes_true([&] { return may_end.load(); })) co_return outcome::failed("hangs");
    last = static_cast<int>(what.data.to_number<std::int64_t>());
    co_return outcome::completed();
  });
  job_options options;
  options.deduplication = jobs::deduplication("d");
  options.deduplication.keep_last_if_active = true;
  EXPECT_EQ(world.add("a", 1, options), "1");
  ASSERT_TRUE(world.comes_to("1", job_state::active));
  EXPECT_EQ(world.add("a", 2, options), "1");
  EXPECT_EQ(world.add("a", 3, options), "1");
  EXPECT_EQ(world.hash("dn:d")["data"], "3");
  may_end = true;
  ASSERT_TRUE(world.comes_to("3", job_state::completed));
  EXPECT_EQ(last, 3);
  EXPECT_FALSE(world.exists("dn:d"));
  EXPECT_FALSE(world.exists("de:d"));
  EXPECT_FALSE(world.exists("2"));
}

TEST(jobs_add, bulk_returns_a_result_for_each_in_their_order) {
  jobs_world world;
  std::vector<jobs::new_job> many;
  for (int i = 0; i < 1500; ++i) many.emplace_back("j", i);
  many[700].options.id = "a:b";
  const auto results = world.run([&] { return world.queue->add_bulk(many); });
  ASSERT_TRUE(results);
  ASSERT_EQ(results->size(), 1500u);
  EXPECT_EQ((*results)[700].error(), jobs::errc::invalid_id);
  EXPECT_EQ(*(*results)[0], "1");
  EXPECT_EQ(*(*results)[1499], "1499");
  EXPECT_EQ(world.hash("1499")["data"], "1499");
  EXPECT_EQ(world.redis_cli({"LLEN", world.key("wait")}), "1499");
}

TEST(jobs_add, calls_beyond_the_bound_are_refused_while_redis_does_not_answer) {
  jobs_world world;
  world.add("a");
  world.redis.pause();
  const boost::json::value data(1);
  const auto refused = world.run([&]() -> asio::awaitable<std::size_t> {
    jobs::queue_options options;
    options.name = "q";
    options.redis = world.where();
    options.most_waiting_calls = 10;
    options.deadline = 300ms;
    jobs::queue small(co_await asio::this_coro::executor, options);
    std::vector<jobs::awaitable<std::string>> calls;
    for (int i = 0; i < 30; ++i) calls.push_back(small.add("a", data));
    std::size_t overloaded = 0;
    for (auto& each : calls) {
      const auto id = co_await std::move(each);
      if (!id && id.error() == jobs::errc::overloaded) ++overloaded;
    }
    co_return overloaded;
  });
  world.redis.resume();
  EXPECT_EQ(refused, 20u);
}

TEST(jobs_add, scripts_that_somebody_flushed_are_loaded_again) {
  jobs_world world;
  EXPECT_EQ(world.add("a"), "1");
  world.redis_cli({"SCRIPT", "FLUSH"});
  EXPECT_EQ(world.add("b"), "2");
  EXPECT_EQ(world.list("wait"), (texts{"2", "1"}));
}

TEST(jobs_add, key_of_the_job_that_holds_something_else_is_that_jobs_failure_alone) {
  jobs_world world;
  world.redis_cli({"SET", world.key("2"), "x"});
  std::vector<jobs::new_job> three;
  for (int i = 0; i < 3; ++i) three.emplace_back("j", i);
  const auto results = world.run([&] { return world.queue->add_bulk(three); });
  ASSERT_TRUE(results);
  EXPECT_EQ(*(*results)[0], "1");
  EXPECT_EQ((*results)[1].error(), jobs::errc::refused);
  EXPECT_EQ(*(*results)[2], "3");
  EXPECT_EQ(world.list("wait"), (texts{"3", "1"}));
}

TEST(jobs_add, full_redis_refuses_and_nothing_is_half_done) {
  jobs_world world;
  world.add("a");
  world.redis_cli({"CONFIG", "SET", "maxmemory", "1"});
  const boost::json::value data(1);
  const auto id = world.run([&] { return world.queue->add("b", data); });
  ASSERT_FALSE(id);
  EXPECT_EQ(id.error(), jobs::errc::refused);
  EXPECT_NE(world.ask([&] { return world.queue->last_refusal(); }).find("OOM"), std::string::npos);
  EXPECT_EQ(world.redis_cli({"GET", world.key("id")}), "1");
}

TEST(jobs_add, paused_queue_takes_jobs_and_wakes_nobody) {
  jobs_world world;
  ASSERT_TRUE(world.run([&] { return world.queue->pause(); }));
  world.add("a");
  EXPECT_EQ(world.list("wait"), texts{"1"});
  EXPECT_FALSE(world.exists("marker"));
  EXPECT_FALSE(world.exists("paused"));
  EXPECT_EQ(world.hash("meta")["paused"], "1");
  ASSERT_TRUE(world.run([&] { return world.queue->resume(); }));
  EXPECT_EQ(world.sorted_set("marker").count("0"), 1u);
  EXPECT_EQ(world.events(), (texts{"paused", "added 1", "waiting 1", "resumed"}));
}

}  // namespace
}  // namespace reprise::testing

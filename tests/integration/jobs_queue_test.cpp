// The operator's side: reading, moving and removing jobs, the events, and waiting for a job to finish.
#include "tests/support/jobs_world.hpp"

namespace reprise::testing {
namespace {

// One job in each state: 1 completed, 2 failed, 3 waiting, 4 prioritized, 5 delayed.
void fill(jobs_world& world) {
  auto& worker = world.work([](const job& what, job_context&) -> asio::awaitable<outcome> {
    if (what.name == "bad") co_return outcome::failed("no");
    co_return outcome::completed("yes");
  });
  EXPECT_EQ(world.add("good"), "1");
  EXPECT_EQ(world.add("bad"), "2");
  EXPECT_TRUE(world.comes_to("2", job_state::failed));
  EXPECT_EQ(world.run([&] { return worker.close(5s); }), 0u);
  job_options priority, delay;
  priority.priority = 7;
  delay.delay = 60s;
  EXPECT_EQ(world.add("plain"), "3");
  EXPECT_EQ(world.add("first", nullptr, priority), "4");
  EXPECT_EQ(world.add("later", nullptr, delay), "5");
}

TEST(jobs_queue, counts_and_ranges_see_every_state) {
  jobs_world world;
  fill(world);
  const auto counts = world.run([&] { return world.queue->counts(); });
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->completed, 1u);
  EXPECT_EQ(counts->failed, 1u);
  EXPECT_EQ(counts->waiting, 1u);
  EXPECT_EQ(counts->prioritized, 1u);
  EXPECT_EQ(counts->delayed, 1u);
  EXPECT_EQ(counts->active, 0u);
  const std::map<job_state, std::string> expected{{job_state::completed, "1"},
                                                  {job_state::failed, "2"},
                                                  {job_state::waiting, "3"},
                                                  {job_state::prioritized, "4"},
                                                  {job_state::delayed, "5"}};
  for (const auto& [state, id] : expected) {
    EXPECT_EQ(world.state(id), state);
    const auto jobs = world.run([&] { return world.queue->range(state, 0, 10, jobs::range_order::oldest_first); });
    ASSERT_TRUE(jobs);
    ASSERT_EQ(jobs->size(), 1u);
    EXPECT_EQ(jobs->front().id, id);
  }
  EXPECT_EQ(world.find("1").return_value, "yes");
  EXPECT_EQ(world.find("2").failed_reason, "no");
  EXPECT_EQ(world.find("4").priority, 7u);
  EXPECT_EQ(world.find("5").delay, 60s);
  EXPECT_EQ(world.state("99"), job_state::unknown);
  EXPECT_EQ(world.run([&] { return world.queue->find("99"); }).error(), jobs::errc::not_found);
}

TEST(jobs_queue, pages_go_in_both_orders) {
  jobs_world world;
  for (int i = 0; i < 5; ++i) world.add("j", i);
  const auto page = [&](std::size_t first, std::size_t last, jobs::range_order order) {
    texts ids;
    const auto jobs = world.run([&] { return world.queue->range(job_state::waiting, first, last, order); });
    for (const auto& each : *jobs) ids.push_back(each.id);
    return ids;
  };
  EXPECT_EQ(page(0, 1, jobs::range_order::oldest_first), (texts{"1", "2"}));
  EXPECT_EQ(page(3, 9, jobs::range_order::oldest_first), (texts{"4", "5"}));
  EXPECT_EQ(page(0, 1, jobs::range_order::newest_first), (texts{"5", "4"}));
  EXPECT_EQ(page(5, 9, jobs::range_order::newest_first), texts{});
}

TEST(jobs_queue, finished_jobs_are_retried) {
  jobs_world world;
  fill(world);
  ASSERT_TRUE(world.run([&] { return world.queue->retry("2", jobs::retry_counters::keep); }));
  auto hash = world.hash("2");
  EXPECT_EQ(hash.count("finishedOn") + hash.count("processedOn") + hash.count("failedReason"), 0u);
  EXPECT_EQ(hash["atm"], "1");
  EXPECT_EQ(world.list("wait"), (texts{"2", "3"}));
  EXPECT_EQ(world.events().back(), "waiting 2 prev=failed");
  ASSERT_TRUE(world.run([&] { return world.queue->retry("1", jobs::retry_counters::reset); }));
  EXPECT_EQ(world.hash("1").count("atm") + world.hash("1").count("ats") + world.hash("1").count("returnvalue"), 0u);
  EXPECT_EQ(world.events().back(), "waiting 1 prev=completed");
  EXPECT_EQ(world.run([&] { return world.queue->retry("3", jobs::retry_counters::keep); }).error(),
            jobs::errc::wrong_state);
  EXPECT_EQ(world.run([&] { return world.queue->retry("99", jobs::retry_counters::keep); }).error(),
            jobs::errc::not_found);
}

TEST(jobs_queue, delayed_job_is_promoted) {
  jobs_world world;
  fill(world);
  ASSERT_TRUE(world.run([&] { return world.queue->promote("5"); }));
  EXPECT_EQ(world.state("5"), job_state::waiting);
  EXPECT_EQ(world.hash("5")["delay"], "0");
  EXPECT_EQ(world.events().back(), "waiting 5 prev=delayed");
  EXPECT_EQ(world.run([&] { return world.queue->promote("5"); }).error(), jobs::errc::wrong_state);
}

TEST(jobs_queue, job_is_removed_from_any_state_but_not_from_its_worker) {
  jobs_world world;
  fill(world);
  for (const auto* id : {"1", "2", "3", "4", "5"}) {
    ASSERT_TRUE(world.run([&] { return world.queue->log(id, "a line"); }));
    ASSERT_TRUE(world.run([&] { return world.queue->remove(id); })) << id;
    EXPECT_FALSE(world.exists(id));
    EXPECT_FALSE(world.exists(std::string(id) + ":logs"));
    EXPECT_EQ(world.state(id), job_state::unknown);
  }
  EXPECT_EQ(world.events().back(), "removed 5 prev=delayed");
  std::atomic<bool> may_end{false};
  world.work([&](const job&, job_context&) -> asio::awaitable<outcome> {
    (void)co_await comes_true([&] { return may_end.load(); });
    co_return outcome::completed();
  });
  EXPECT_EQ(world.add("a"), "6");
  ASSERT_TRUE(world.comes_to("6", job_state::active));
  EXPECT_EQ(world.run([&] { return world.queue->remove("6"); }).error(), jobs::errc::locked);
  may_end = true;
}

TEST(jobs_queue, removing_a_deduplicated_job_frees_its_deduplication) {
  jobs_world world;
  job_options options;
  options.deduplication = jobs::deduplication("d");
  EXPECT_EQ(world.add("a", 1, options), "1");
  ASSERT_TRUE(world.run([&] { return world.queue->remove("1"); }));
  EXPECT_FALSE(world.exists("de:d"));
}

TEST(jobs_queue, old_jobs_of_one_state_are_cleaned) {
  jobs_world world;
  fill(world);
  const auto clean = [&](job_state state, milliseconds grace) {
    const auto ids = world.run([&] { return world.queue->clean(grace, 0, state); });
    return ids ? *ids : texts{ids.error().message()};
  };
  EXPECT_EQ(clean(job_state::completed, 1h), texts{});
  EXPECT_TRUE(world.exists("1"));
  ASSERT_TRUE(eventually([&] { return clean(job_state::completed, 1ms) == texts{"1"}; }));
  EXPECT_FALSE(world.exists("1"));
  EXPECT_FALSE(world.exists("completed"));
  EXPECT_EQ(clean(job_state::waiting, 0ms), texts{"3"});
  EXPECT_EQ(clean(job_state::delayed, 0ms), texts{"5"});
  EXPECT_EQ(clean(job_state::failed, 0ms), texts{"2"});
  EXPECT_EQ(world.event_field("cleaned", "count"), "1");
  EXPECT_EQ(world.run([&] { return world.queue->counts(); })->prioritized, 1u);
}

TEST(jobs_queue, drain_removes_what_waits_and_nothing_else) {
  jobs_world world;
  fill(world);
  std::vector<jobs::new_job> many;
  for (int i = 0; i < 1200; ++i) many.emplace_back("j", i);
  ASSERT_TRUE(world.run([&] { return world.queue->add_bulk(many); }));
  ASSERT_TRUE(world.run([&] { return world.queue->drain(jobs::drain_scope::waiting); }));
  auto counts = *world.run([&] { return world.queue->counts(); });
  EXPECT_EQ(counts.waiting + counts.prioritized, 0u);
  EXPECT_EQ(counts.delayed, 1u);
  EXPECT_FALSE(world.exists("1000"));
  ASSERT_TRUE(world.run([&] { return world.queue->drain(jobs::drain_scope::waiting_and_delayed); }));
  counts = *world.run([&] { return world.queue->counts(); });
  EXPECT_EQ(counts.delayed, 0u);
  EXPECT_EQ(counts.completed + counts.failed, 2u);
}

TEST(jobs_queue, obliterate_leaves_nothing_of_a_paused_queue) {
  jobs_world world;
  fill(world);
  EXPECT_EQ(world.run([&] { return world.queue->obliterate(jobs::active_jobs::protect); }).error(),
            jobs::errc::not_paused);
  ASSERT_TRUE(world.run([&] { return world.queue->pause(); }));
  ASSERT_TRUE(world.run([&] { return world.queue->obliterate(jobs::active_jobs::protect); }));
  EXPECT_EQ(world.redis.lines({"KEYS", "*"}), texts{});
}

TEST(jobs_queue, resume_takes_over_what_an_older_bullmq_left_paused) {
  jobs_world world;
  world.add("a");
  world.redis_cli({"RENAME", world.key("wait"), world.key("paused")});
  world.redis_cli({"HSET", world.key("meta"), "paused", "1"});
  EXPECT_EQ(world.add("b"), "2");
  ASSERT_TRUE(world.run([&] { return world.queue->resume(); }));
  EXPECT_EQ(world.list("wait"), (texts{"2", "1"}));
  EXPECT_FALSE(world.exists("paused"));
}

TEST(jobs_queue, logs_are_kept_by_number_and_read_by_page) {
  jobs_world world;
  world.add("a");
  for (const auto* line : {"one", "two", "three"})
    ASSERT_TRUE(world.run([&] { return world.queue->log("1", line, 2); }));
  EXPECT_EQ(*world.run([&] { return world.queue->logs("1", 0, 99); }), (texts{"two", "three"}));
  EXPECT_EQ(*world.run([&] { return world.queue->logs("1", 1, 1); }), (texts{"three"}));
  EXPECT_EQ(world.run([&] { return world.queue->log("99", "x"); }).error(), jobs::errc::not_found);
}

TEST(jobs_queue, waiting_returns_what_the_job_returned_or_why_it_failed) {
  jobs_world world;
  world.work([](const job& what, job_context&) -> asio::awaitable<outcome> {
    if (what.name == "bad") co_return outcome::failed("no");
    co_return outcome::completed({{"n", 5}});
  });
  job_options delay, gone;
  delay.delay = 300ms;
  gone.delay = 300ms;
  gone.remove_on_complete = jobs::retention::none();
  EXPECT_EQ(world.add("good", nullptr, delay), "1");
  EXPECT_EQ(world.add("bad", nullptr, delay), "2");
  EXPECT_EQ(world.add("gone", nullptr, gone), "3");
  std::string reason;
  auto first = world.start([&] { return world.queue->wait_until_finished("1", 20s); });
  auto second = world.start([&] { return world.queue->wait_until_finished("2", 20s, &reason); });
  auto third = world.start([&] { return world.queue->wait_until_finished("3", 20s); });
  const auto value = take(std::move(first));
  ASSERT_TRUE(value);
  EXPECT_EQ(value->at("n"), 5);
  EXPECT_EQ(take(std::move(second)).error(), jobs::errc::job_failed);
  EXPECT_EQ(reason, "no");
  EXPECT_TRUE(take(std::move(third)));  // removed when it finished, and seen all the same
  EXPECT_TRUE(world.run([&] { return world.queue->wait_until_finished("1", 20s); }));  // long finished
  EXPECT_EQ(world.run([&] { return world.queue->wait_until_finished("99", 20s); }).error(), jobs::errc::not_found);
  job_options later;
  later.delay = 60s;
  EXPECT_EQ(world.add("later", nullptr, later), "4");
  EXPECT_EQ(world.run([&] { return world.queue->wait_until_finished("4", 100ms); }).error(), jobs::errc::timed_out);
}

TEST(jobs_queue, listener_misses_nothing_from_where_it_begins_and_goes_on_where_it_stopped) {
  jobs_world world;
  world.add("before");
  const auto names = [&](const std::string& after, std::size_t count, std::string& position) {
    return world.run([&]() -> asio::awaitable<texts> {
      jobs::event_options options;
      options.queue = "q";
      options.redis = world.where();
      options.after = after;
      jobs::event_listener events(co_await asio::this_coro::executor, options);
      const auto begun = co_await events.begin();
      EXPECT_TRUE(begun);
      const boost::json::value data(1);
      if (after.empty()) (void)co_await world.queue->add("after", data);
      texts seen;
      while (seen.size() < count) {
        const auto news = co_await events.next(5s);
        EXPECT_TRUE(news && !news->empty());
        if (!news || news->empty()) break;
        for (const auto& each : *news)
          seen.push_back(each.name + " " + each.job_id + " " + std::string(each.field("name")));
      }
      position = events.position();
      co_return seen;
    });
  };
  std::string position, end;
  EXPECT_EQ(names("", 2, position), (texts{"added 2 after", "waiting 2 "}));
  world.work(completes());
  ASSERT_TRUE(world.comes_to("2", job_state::completed));
  EXPECT_EQ(names(position, 5, end), (texts{"active 1 ", "completed 1 ", "active 2 ", "completed 2 ", "drained  "}));
  EXPECT_EQ(names("0", 9, end).front(), "added 1 before");
}

TEST(jobs_queue, quiet_queue_has_no_events_within_the_time) {
  jobs_world world;
  const auto seen = world.run([&]() -> asio::awaitable<std::size_t> {
    jobs::event_options options;
    options.queue = "q";
    options.redis = world.where();
    jobs::event_listener events(co_await asio::this_coro::executor, options);
    const auto news = co_await events.next(50ms);
    EXPECT_TRUE(news);
    co_return news ? news->size() : 99;
  });
  EXPECT_EQ(seen, 0u);
}

TEST(jobs_queue, progress_of_a_job_is_told) {
  jobs_world world;
  world.add("a");
  const boost::json::value progress{{"done", 3}};
  ASSERT_TRUE(world.run([&] { return world.queue->update_progress("1", progress); }));
  EXPECT_EQ(world.hash("1")["progress"], R"({"done":3})");
  EXPECT_EQ(world.find("1").progress, progress);
  EXPECT_EQ(world.run([&] { return world.queue->update_progress("99", progress); }).error(), jobs::errc::not_found);
}

TEST(jobs_queue, names_that_are_none_are_refused) {
  for (const auto& [prefix, name] :
       std::map<std::string, std::string>{{"bull", ""}, {"", "q"}, {"b", "a:b"}, {"c", "a\nb"}}) {
    jobs::queue_options options;
    options.prefix = prefix;
    options.name = name;
    asio::io_context io;
    EXPECT_THROW(jobs::queue(io.get_executor(), options), boost::system::system_error) << prefix << name;
  }
}

}  // namespace
}  // namespace reprise::testing

// The job queue's decisions without Redis: options as JSON, pauses between attempts, names.
#include "src/jobs/job_hash.hpp"
#include "src/jobs/keys.hpp"
#include "src/jobs/options_json.hpp"
#include "src/jobs/retry_policy.hpp"

#include <boost/json/parse.hpp>

#include <gtest/gtest.h>

namespace reprise::jobs {
namespace {

using namespace std::chrono_literals;

job_options all_options() {
  job_options options;
  options.id = "a";
  options.delay = 5ms;
  options.priority = 7;
  options.lifo = true;
  options.attempts = 3;
  options.backoff = backoff(backoff::kind::exponential, 1s, 0.5);
  options.remove_on_complete = retention::newest(10);
  options.remove_on_fail = retention::younger_than(std::chrono::seconds(60), 5);
  options.keep_logs = 2;
  options.stack_trace_limit = 1;
  options.timestamp = std::chrono::system_clock::time_point(1234ms);
  options.size_limit = 99;
  options.deduplication = deduplication("d", 100ms);
  options.deduplication.extend = true;
  options.telemetry = R"({"traceparent":"00-1"})";
  return options;
}

TEST(jobs_options, every_option_has_the_name_that_bullmq_gives_it) {
  EXPECT_EQ(boost::json::parse(to_json(all_options())), boost::json::parse(R"({
    "attempts": 3, "jobId": "a", "delay": 5, "priority": 7, "lifo": true,
    "backoff": {"type": "exponential", "delay": 1000, "jitter": 5e-1}, "removeOnComplete": 10,
    "removeOnFail": {"age": 60, "count": 5}, "kl": 2, "stackTraceLimit": 1, "timestamp": 1234, "sizeLimit": 99,
    "de": {"id": "d", "ttl": 100, "extend": true}, "tm": "{\"traceparent\":\"00-1\"}"})"));
  EXPECT_EQ(to_json(job_options()), R"({"attempts":0})");
}

TEST(jobs_options, what_was_written_is_read_again) {
  const auto written = to_json(all_options());
  EXPECT_EQ(to_json(options_from(boost::json::parse(written).as_object())), written);
}

TEST(jobs_options, other_forms_of_node_are_understood_and_nonsense_is_left_out) {
  const auto read = [](std::string_view text) { return options_from(boost::json::parse(text).as_object()); };
  EXPECT_EQ(read(R"({"backoff": 500})").backoff->delay, 500ms);
  EXPECT_EQ(read(R"({"backoff": {"type": "mine", "delay": 5}})").backoff->type, backoff::kind::other);
  EXPECT_EQ(read(R"({"removeOnComplete": true})").remove_on_complete->count, 0);
  EXPECT_FALSE(read(R"({"removeOnComplete": false})").remove_on_complete->count);
  EXPECT_TRUE(
      read(R"({"removeOnComplete": false})").remove_on_complete);  // said: all are kept, whatever the worker's says
  EXPECT_EQ(read(R"({"attempts": 2.0})").attempts, 2u);
  EXPECT_EQ(read(R"({"attempts": "x", "priority": -3, "delay": 1e300, "backoff": [], "de": 1, "kl": null})").attempts,
            0u);
  EXPECT_EQ(read(R"({"priority": 99999999})").priority, job_options::most_priority);
}

TEST(jobs_retry, pauses_are_fixed_or_double_and_jitter_only_shortens) {
  const backoff fixed(backoff::kind::fixed, 100ms), doubles(backoff::kind::exponential, 100ms),
      spread(backoff::kind::exponential, 100ms, 0.5);
  EXPECT_EQ(pause_after(fixed, 5, 0.9), 100ms);
  EXPECT_EQ(pause_after(doubles, 1, 0), 100ms);
  EXPECT_EQ(pause_after(doubles, 4, 0), 800ms);
  EXPECT_EQ(pause_after(spread, 2, 0), 200ms);
  EXPECT_EQ(pause_after(spread, 2, 1), 100ms);
  EXPECT_LE(pause_after(doubles, 4'000'000'000, 0), 24h * 365);
}

TEST(jobs_retry, attempts_are_counted_and_unrecoverable_failures_have_none_left) {
  job failed;
  failed.options.attempts = 2;
  EXPECT_EQ(next_attempt(failed, outcome::kind::failed, 0), 0ms);
  EXPECT_FALSE(next_attempt(failed, outcome::kind::unrecoverable, 0));
  failed.options.backoff = backoff(backoff::kind::fixed, 5ms);
  EXPECT_EQ(next_attempt(failed, outcome::kind::failed, 0), 5ms);
  failed.attempts_made = 1;
  EXPECT_FALSE(next_attempt(failed, outcome::kind::failed, 0));
  failed.options.attempts = 0;
  failed.attempts_made = 0;
  EXPECT_FALSE(next_attempt(failed, outcome::kind::failed, 0));
}

TEST(jobs_keys, connections_are_called_as_bull_board_looks_for_them) {
  EXPECT_EQ(client_name("bull", "qa", ":w:w1"), "bull:cWE=:w:w1");
  EXPECT_EQ(client_name("bull", "qa", ""), "bull:cWE=");
}

TEST(jobs_keys, ids_that_would_meet_the_queues_own_keys_are_none) {
  EXPECT_TRUE(is_valid_job_id("payment-7"));
  EXPECT_TRUE(is_valid_job_id("7a"));
  for (const auto* id : {"", "7", "-7", "a:b", "wait", "stalled-check", "a\x01"})
    EXPECT_FALSE(is_valid_job_id(id)) << id;
}

}  // namespace
}  // namespace reprise::jobs

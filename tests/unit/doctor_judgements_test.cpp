#include "server/ops/doctor.hpp"

#include <gtest/gtest.h>

namespace bookings::ops {
namespace {

using namespace std::chrono_literals;
using reprise::local_copies;

constexpr duties cache{true, false}, queue{false, true}, both{true, true};

info_fields facts(const std::string& text) { return read_info(text); }

TEST(doctor_info, is_read_line_by_line) {
  const auto read = facts("# Server\r\nredis_version:7.2.4\r\nempty:\r\nno field\r\n:x\r\nurl:a:b\r\nlast:1");
  EXPECT_EQ(read, (info_fields{{"redis_version", "7.2.4"}, {"empty", ""}, {"url", "a:b"}, {"last", "1"}}));
  EXPECT_EQ(number_in(read, "last"), 1);
  EXPECT_FALSE(number_in(read, "empty").has_value());
  EXPECT_FALSE(number_in(read, "url").has_value());
  EXPECT_FALSE(number_in(read, "absent").has_value());
}

TEST(doctor_certificate, that_ends_soon_is_a_warning) {
  const auto now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1) + 12h;
  EXPECT_EQ(judge_certificate({}, now).is, verdict::good);
  EXPECT_EQ(judge_certificate(now + 24h * 90, now).is, verdict::good);
  EXPECT_NE(judge_certificate(now + 24h * 90, now).seen.find("until 2026-05-30"), std::string::npos);
  EXPECT_EQ(judge_certificate(now + 24h * 13, now).is, verdict::warning);
}

TEST(doctor_version, is_good_from_6_2_on) {
  for (const auto* good_one : {"6.2.0", "6.2", "6.10.1", "7.0.15", "10.0"})
    EXPECT_EQ(judge_version(facts(std::string("redis_version:") + good_one)).is, verdict::good) << good_one;
  for (const auto* old : {"6.0.16", "5.0.14", "2.8", "6", "x"})
    EXPECT_EQ(judge_version(facts(std::string("redis_version:") + old)).is, verdict::bad) << old;
  EXPECT_EQ(judge_version({}).is, verdict::warning);
  const auto valkey = judge_version(facts("redis_version:7.2.4\r\nvalkey_version:8.1.1"));
  EXPECT_EQ(valkey.is, verdict::good);
  EXPECT_NE(valkey.seen.find("Valkey 8.1.1"), std::string::npos);
}

TEST(doctor_mode, must_be_the_one_of_the_url) {
  EXPECT_EQ(judge_mode(facts("redis_mode:standalone"), expected_mode::server).is, verdict::good);
  EXPECT_EQ(judge_mode(facts("redis_mode:cluster"), expected_mode::cluster).is, verdict::good);
  EXPECT_EQ(judge_mode(facts("server_mode:cluster"), expected_mode::cluster).is, verdict::good);
  EXPECT_EQ(judge_mode(facts("server_mode:cluster"), expected_mode::server).is, verdict::bad);
  EXPECT_EQ(judge_mode({}, expected_mode::server).is, verdict::good);
  EXPECT_EQ(judge_mode(facts("redis_mode:sentinel"), expected_mode::server).is, verdict::bad);
  EXPECT_EQ(judge_mode(facts("redis_mode:cluster"), expected_mode::server).is, verdict::bad);
  EXPECT_EQ(judge_mode(facts("redis_mode:standalone"), expected_mode::sentinel).is, verdict::bad);
}

TEST(doctor_role, names_the_master_of_a_replica) {
  EXPECT_EQ(judge_role(facts("role:master\r\nconnected_slaves:1")).seen, "a master with 1 replica");
  const auto replica = judge_role(facts("role:slave\r\nmaster_host:10.0.0.7\r\nmaster_port:6379"));
  EXPECT_EQ(replica.is, verdict::bad);
  EXPECT_EQ(replica.seen, "a replica of 10.0.0.7:6379");
  EXPECT_EQ(judge_role({}).is, verdict::bad);
}

TEST(doctor_identity, needs_both_its_parts) {
  EXPECT_EQ(judge_identity(facts("run_id:a\r\nmaster_replid:b")).is, verdict::good);
  for (const auto* less : {"run_id:a", "master_replid:b", ""})
    EXPECT_EQ(judge_identity(facts(less)).is, verdict::bad) << less;
}

TEST(doctor_persistence, is_bad_where_writes_are_refused) {
  EXPECT_EQ(judge_persistence(facts("loading:0\r\naof_enabled:0\r\nrdb_last_bgsave_status:ok")).is, verdict::good);
  EXPECT_EQ(judge_persistence(facts("aof_enabled:0\r\nrdb_last_bgsave_status:err")).is, verdict::bad);
  EXPECT_EQ(judge_persistence(facts("aof_enabled:1\r\naof_last_write_status:err\r\nrdb_last_bgsave_status:ok")).is,
            verdict::bad);
  EXPECT_EQ(judge_persistence(facts("loading:1")).is, verdict::bad);
  EXPECT_EQ(judge_persistence({}).is, verdict::skipped);
}

TEST(doctor_eviction, is_held_against_what_is_stored) {
  const auto judged = [](const std::string& policy, const char* bound, duties used_for) {
    return judge_eviction(
               facts("maxmemory:" + std::string(bound) + "\r\nused_memory:1000\r\nmaxmemory_policy:" + policy),
               used_for)
        .is;
  };
  for (const auto* suits : {"allkeys-lru", "allkeys-lfu", "volatile-lru", "volatile-lfu"})
    EXPECT_EQ(judged(suits, "1000000", cache), verdict::good) << suits;
  for (const auto* not_quite : {"noeviction", "allkeys-random", "volatile-ttl"})
    EXPECT_EQ(judged(not_quite, "1000000", cache), verdict::warning) << not_quite;
  EXPECT_EQ(judged("allkeys-lru", "0", cache), verdict::warning);
  EXPECT_EQ(judged("noeviction", "1000000", queue), verdict::good);
  EXPECT_EQ(judged("noeviction", "0", queue), verdict::good);
  EXPECT_EQ(judged("allkeys-lru", "1000000", queue), verdict::bad);
  EXPECT_EQ(judged("volatile-lru", "1000000", queue), verdict::bad);
  EXPECT_EQ(judged("allkeys-lru", "0", queue), verdict::warning);
  for (const auto* any : {"allkeys-lru", "noeviction"})
    EXPECT_EQ(judged(any, "1000000", both), verdict::warning) << any;
  EXPECT_EQ(judge_eviction({}, cache).is, verdict::skipped);
}

TEST(doctor_connections, must_have_room_for_this_process) {
  const auto judged = [](int open, int most) {
    return judge_connections(
               facts("connected_clients:" + std::to_string(open) + "\r\nmaxclients:" + std::to_string(most)), 5)
        .is;
  };
  EXPECT_EQ(judged(1, 100), verdict::good);
  EXPECT_EQ(judged(97, 100), verdict::warning);
  EXPECT_EQ(judged(1, 5), verdict::bad);
  EXPECT_EQ(judge_connections({}, 5).is, verdict::skipped);
}

TEST(doctor_rights, are_judged_and_the_rule_is_named) {
  EXPECT_EQ(judge_rights({}).is, verdict::good);
  const auto lacking = judge_rights({{"unlink", "script|load"}, {"sessions:*"}, {}});
  EXPECT_EQ(lacking.is, verdict::bad);
  EXPECT_NE(lacking.advice.find("+unlink +script|load ~sessions:*"), std::string::npos) << lacking.advice;
  EXPECT_EQ(judge_rights({{}, {}, {"lpush"}}).is, verdict::warning);
}

TEST(doctor_latency, is_held_against_the_deadline) {
  EXPECT_EQ(judge_latency({300us, 400us, 900us}, 50ms).is, verdict::good);
  EXPECT_EQ(judge_latency({300us, 400us, 60ms}, 50ms).is, verdict::warning);
  EXPECT_EQ(judge_latency({30ms, 31ms, 32ms}, 50ms).is, verdict::warning);
  EXPECT_EQ(judge_latency({80ms, 81ms, 82ms}, 50ms).is, verdict::bad);
  EXPECT_EQ(judge_latency({}, 50ms).is, verdict::skipped);
  EXPECT_NE(judge_latency({1ms, 2ms, 9ms}, 50ms).seen.find("median 2.00 ms, worst 9.00 ms of 3"), std::string::npos);
}

TEST(doctor_clock, may_differ_by_what_it_cannot_know) {
  EXPECT_EQ(judge_clock(0ms, 1ms).is, verdict::good);
  EXPECT_EQ(judge_clock(-1999ms, 0ms).is, verdict::good);
  EXPECT_EQ(judge_clock(2100ms, 200ms).is, verdict::good);
  EXPECT_EQ(judge_clock(-5000ms, 1ms).is, verdict::warning);
  EXPECT_NE(judge_clock(-5000ms, 1ms).seen.find("5000 ms behind"), std::string::npos);
}

TEST(doctor_keys, of_ours_have_a_ttl) {
  EXPECT_EQ(judge_keys({10, 8, 0, 2, "sess…", true}, cache).is, verdict::good);
  EXPECT_NE(judge_keys({10, 8, 0, 2, "sess…", true}, cache).seen.find("such as sess…"), std::string::npos);
  EXPECT_EQ(judge_keys({10, 8, 1, 2, "", true}, cache).is, verdict::warning);
  EXPECT_EQ(judge_keys({10, 8, 8, 2, "", true}, queue).is, verdict::good);
}

TEST(doctor_tracking, must_be_allowed_and_be_heard_of) {
  EXPECT_EQ(judge_tracking({{}, {}, true, true}, local_copies::validated).is, verdict::good);
  EXPECT_EQ(judge_tracking({{}, {}, false, true}, local_copies::validated).is, verdict::bad);
  EXPECT_EQ(judge_tracking({{}, {}, false, false}, local_copies::validated).is, verdict::warning);
  EXPECT_EQ(judge_tracking({"NOPERM", {}, false, false}, local_copies::off).is, verdict::bad);
  EXPECT_EQ(judge_tracking({{}, "NOPERM", false, false}, local_copies::validated).is, verdict::good);
  EXPECT_EQ(judge_tracking({{}, "NOPERM", false, false}, local_copies::tracked).is, verdict::bad);
}

TEST(doctor_neighbours, are_the_same_server_by_its_run) {
  EXPECT_EQ(judge_neighbours(facts("run_id:a"), facts("run_id:b")).is, verdict::good);
  EXPECT_EQ(judge_neighbours(facts("run_id:a"), facts("run_id:a")).is, verdict::warning);
  EXPECT_EQ(judge_neighbours({}, {}).is, verdict::good);
}

TEST(doctor_store, is_judged_by_what_is_there) {
  EXPECT_EQ(judge_schema(7, 7).is, verdict::good);
  EXPECT_EQ(judge_schema(6, 7).is, verdict::warning);
  EXPECT_EQ(judge_schema(8, 7).is, verdict::bad);
  EXPECT_EQ(judge_indexes({}).is, verdict::good);
  EXPECT_EQ(judge_indexes({"bookings_student"}).is, verdict::bad);
  EXPECT_EQ(judge_backlog({0, 0ms}, true).is, verdict::good);
  EXPECT_EQ(judge_backlog({3, 200ms}, true).is, verdict::good);
  EXPECT_EQ(judge_backlog({3, 90s}, true).is, verdict::warning);
  EXPECT_EQ(judge_backlog({3, 90s}, false).is, verdict::warning);
}

TEST(doctor_leases, should_be_of_the_redis_that_was_looked_at) {
  const store::lease ours{"n1", "run/replication/table", 1, 0}, other{"n2", "another/one/table", 1, 0},
      none{"n3", "", 1, 0};
  EXPECT_EQ(judge_leases({}, "run/replication").is, verdict::good);
  EXPECT_EQ(judge_leases({none}, "run/replication").is, verdict::good);
  EXPECT_EQ(judge_leases({ours, none}, "run/replication").is, verdict::good);
  EXPECT_EQ(judge_leases({other}, "").is, verdict::good);
  EXPECT_EQ(judge_leases({other}, "run/replication").is, verdict::warning);
  EXPECT_EQ(judge_leases({ours, other}, "run/replication").is, verdict::warning);
}

TEST(doctor_disk, must_have_room) {
  constexpr std::uint64_t mebibyte = 1024 * 1024;
  EXPECT_EQ(judge_disk({50'000 * mebibyte, 10 * mebibyte, mebibyte}).is, verdict::good);
  EXPECT_EQ(judge_disk({10 * mebibyte, mebibyte, 0}).is, verdict::bad);
  EXPECT_EQ(judge_disk({500 * mebibyte, mebibyte, 0}).is, verdict::warning);
  EXPECT_EQ(judge_disk({50'000 * mebibyte, 60'000 * mebibyte, 0}).is, verdict::warning);
  EXPECT_EQ(judge_disk({50'000 * mebibyte, 10 * mebibyte, 400 * mebibyte}).is, verdict::warning);
}

TEST(doctor_report, says_the_worst_and_ignores_what_was_skipped) {
  const examined good_one{"cache", "name", good("x")}, skipped_one{"cache", "tls", skipped("y")},
      warned{"cache", "eviction", warning("z", "do")}, bad_one{"store", "disk", bad("full", "make room")};
  EXPECT_EQ(worst_of({}), verdict::good);
  EXPECT_EQ(worst_of({good_one, skipped_one}), verdict::good);
  EXPECT_EQ(worst_of({good_one, warned, skipped_one}), verdict::warning);
  EXPECT_EQ(worst_of({bad_one, warned}), verdict::bad);
}

TEST(doctor_report, lets_no_server_write_to_the_terminal) {
  const std::vector<examined> all{{"cache", "login", bad("ERR \x1b[31m\nb\xff", "do")}};
  const auto text = to_text(all, false);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("cache\n  bad"), std::string::npos) << text;
  EXPECT_NE(text.find("-> do"), std::string::npos);
  const auto json = to_json(all);
  EXPECT_EQ(json.at("worst").as_string(), "bad");
  const auto& one = json.at("checks").as_array().at(0).as_object();
  EXPECT_EQ(one.at("seen").as_string(), "ERR \\x1b[31m\\nb\\xff");
  EXPECT_EQ(one.at("about").as_string(), "cache");
  EXPECT_EQ(one.at("advice").as_string(), "do");
}

}  // namespace
}  // namespace bookings::ops

// What a policy allows beyond plain caching (docs/features): compression, jitter, 404s, early refresh, replies after their
// time. On memory, on Redis, and on Redis with what L1 keeps. The wall clock, which alone decides what is fresh, is moved by hand.
#include "src/core/compression.hpp"
#include "src/core/entry_format.hpp"
#include "tests/support/engine_node.hpp"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

namespace reprise::testing {
namespace {

class moved_clock final : public environment {
 public:
  wall_time wall() const override { return real_->wall() + moved_.load(); }
  steady_time now() const override { return real_->now(); }
  asio::awaitable<void> sleep(std::chrono::steady_clock::duration pause) override { return real_->sleep(pause); }
  std::string random_hex(std::size_t bytes) override { return real_->random_hex(bytes); }
  void move(std::chrono::milliseconds by) { moved_ = moved_.load() + by; }

 private:
  const std::shared_ptr<environment> real_ = make_environment();
  std::atomic<std::chrono::milliseconds> moved_{0ms};
};

// An origin that answers, fails, or is held, as the test says.
class said_origin {
 public:
  std::atomic<unsigned> status{200};
  std::atomic<bool> throws{false}, is_held{false};
  std::atomic<int> value{0}, reads{0};

  origin read() {
    return [this]() -> asio::awaitable<origin_reply> {
      const int seen = value.load();
      ++reads;
      if (is_held) {
        const auto world = make_environment();
        while (is_held) co_await world->sleep(1ms);
      }
      if (throws) throw std::runtime_error("the store is away");
      origin_reply reply;
      reply.status = status;
      reply.content_type = "application/json";
      reply.body = exact ? *exact : body(seen);
      co_return reply;
    };
  }
  std::string body(int of) const { return "{\"value\":" + std::to_string(of) + ",\"padding\":\"" + std::string(padding, 'x') + "\"}"; }
  std::size_t padding = 10;
  std::optional<std::string> exact{};  // the body, whatever `value` is
};

enum class place { memory, redis, redis_and_l1 };

class policies : public ::testing::TestWithParam<place> {
 protected:
  void SetUp() override {
    if (GetParam() != place::memory) server = std::make_unique<redis_server>();
    if (GetParam() == place::redis_and_l1) policy.local = local_copies::validated;
    where = server ? backend_on(*server, threads) : make_memory_backend({}, clock);
    cache = std::make_unique<response_cache>(settings, where, log, clock, nullptr);
    keeper = threads.spawn(cache->run());
    ASSERT_TRUE(eventually([&] { return cache->is_available(); }));
  }
  void TearDown() override {
    data.is_held = false;
    cache->stop();
    keeper.wait_for(5s);
    threads.stop();
  }
  asio::awaitable<result<cached_reply>> ask(std::string user, encoding accepts, bool behind) {
    cache_request request;
    request.user = user;
    request.role = "student";
    request.accepts = accepts;
    const auto read = data.read();
    const origin_maker again = behind ? origin_maker([this] { return data.read(); }) : origin_maker();
    co_return co_await cache->serve(policy, request, read, again);
  }
  cached_reply get(std::string user = "1", encoding accepts = encoding::identity) {
    return threads.run(ask(std::move(user), accepts, true)).value();
  }
  asio::awaitable<void> change(int to) {
    const std::vector<scope> scopes{*scope::of_user("bookings", "1")};
    data.value = to;
    const std::vector<std::int64_t> rows{log->commit(scopes)};
    (void)co_await cache->invalidate(scopes, rows);
  }
  // What stands under a key of user 1's list.
  std::optional<std::string> stored(std::string_view suffix = "") {
    return threads.run(where->get(key() + std::string(suffix), 5s)).value();
  }
  std::string key() const { return *scope::of_user("bookings", "1")->entry_key("student", "{}"); }
  void store(std::string text) { ASSERT_TRUE(threads.run(where->set(key(), std::move(text), 60s, 5s))); }
  statistics::by_prefix counted() const { return cache->snapshot().prefixes.at("bookings"); }

  const std::shared_ptr<moved_clock> clock = std::make_shared<moved_clock>();
  options settings;
  cache_policy policy{.prefix = "bookings", .ttl = 600s};
  said_origin data;
  std::unique_ptr<redis_server> server;
  io threads{2};
  const std::shared_ptr<memory_log> log = std::make_shared<memory_log>();
  std::shared_ptr<backend> where;
  std::unique_ptr<response_cache> cache;
  std::future<void> keeper;
};

// size -------------------------------------------------------------------------------------------------------------------
TEST_P(policies, empty_and_largest_bodies_are_entries_and_one_byte_more_is_none) {
  policy.largest_entry_bytes = 1000;
  for (const bool is_compressed : {false, true}) {
    policy.compress_from_bytes = is_compressed ? std::optional<std::size_t>(0) : std::nullopt;
    for (const std::size_t size : {0u, 1000u, 1001u}) {
      data.exact = std::string(size, 'x');
      const auto user = std::to_string(size) + (is_compressed ? "z" : "");
      const auto missed = get(user);
      EXPECT_EQ(missed.outcome, outcome::miss) << user;
      EXPECT_EQ(missed.body, *data.exact);
      const auto again = get(user);
      EXPECT_EQ(again.outcome, size > 1000 ? outcome::miss : outcome::hit) << user;
      EXPECT_EQ(again.body, *data.exact) << user;
    }
  }
  EXPECT_EQ(counted().fills_too_large, 4u);
  EXPECT_EQ(counted().fills_stored, 4u);
}

// compression ----------------------------------------------------------------------------------------------------------
TEST_P(policies, large_body_is_stored_compressed_and_goes_out_as_the_client_takes_it) {
  policy.compress_from_bytes = 1000;
  data.padding = 5000;
  const auto missed = get();
  EXPECT_EQ(missed.encoding, encoding::identity);
  EXPECT_LT(stored()->size(), 500u);

  const auto plain = get();
  EXPECT_EQ(plain.outcome, outcome::hit);
  EXPECT_EQ(plain.encoding, encoding::identity);
  EXPECT_EQ(plain.body, data.body(0));
  EXPECT_EQ(plain.tag, missed.tag);
  const auto compressed = get("1", encoding::zstd);
  EXPECT_EQ(compressed.outcome, outcome::hit);
  EXPECT_EQ(compressed.encoding, encoding::zstd);
  EXPECT_EQ(core::decompress_body(compressed.body, 10'000), data.body(0));
  EXPECT_EQ(compressed.tag, missed.tag);
  EXPECT_EQ(data.reads, 1);
}

TEST_P(policies, body_below_the_threshold_is_stored_as_it_is) {
  policy.compress_from_bytes = 6000;
  data.padding = 5000;
  get();
  EXPECT_TRUE(stored()->ends_with(data.body(0)));
  EXPECT_EQ(get("1", encoding::zstd).encoding, encoding::identity);
}

TEST_P(policies, entry_that_would_become_too_large_is_a_miss_and_is_replaced) {
  policy.local = local_copies::off;  // which would have the good one
  policy.compress_from_bytes = 1000;
  policy.largest_entry_bytes = 50'000;
  data.padding = 5000;
  get();
  // As somebody would put it there who can write to this Redis: under the right generation.
  const auto honest = *stored();
  const auto generation = core::decode_entry(honest)->header.generation;
  const core::entry_header header{generation, clock->wall(), clock->wall() + 600s, 200, "0123456789abcdef",
                                  "application/json", encoding::zstd};
  store(*core::encode_entry(header, *core::compress_body(std::string(50'000'000, 'x'))));
  for (const auto accepts : {encoding::zstd, encoding::identity}) {
    EXPECT_EQ(get("1", accepts).outcome, accepts == encoding::zstd ? outcome::miss : outcome::hit);
    EXPECT_EQ(counted().undecodable, 1u);
  }
  EXPECT_EQ(data.reads, 2);
}

TEST_P(policies, entry_whose_compressed_body_is_broken_is_a_miss_and_is_replaced) {
  policy.local = local_copies::off;  // which would have the good one
  policy.compress_from_bytes = 1000;
  data.padding = 5000;
  get();
  auto text = *stored();
  text.replace(text.size() - 20, 20, 20, '\xff');
  const auto body = core::decode_entry(text)->body;
  ASSERT_FALSE(core::decompress_body(body, 10'000));
  store(text);
  const auto reply = get();
  EXPECT_EQ(reply.outcome, outcome::miss);
  EXPECT_EQ(reply.body, data.body(0));
  EXPECT_EQ(counted().undecodable, 1u);
  EXPECT_EQ(get().outcome, outcome::hit);
  EXPECT_EQ(data.reads, 2);
}

// jitter ---------------------------------------------------------------------------------------------------------------
TEST_P(policies, jitter_shortens_times_by_no_more_than_its_part) {
  policy.jitter = 0.2;
  std::set<std::chrono::seconds::rep> times;
  for (int user = 0; user < 20; ++user) {
    const auto ttl = get(std::to_string(user)).ttl;
    EXPECT_LE(ttl, 600s);
    EXPECT_GE(ttl, 480s);
    times.insert(ttl.count());
  }
  EXPECT_GT(times.size(), 3u);
}

// 404 ------------------------------------------------------------------------------------------------------------------
TEST_P(policies, not_found_is_stored_for_its_own_time_and_invalidated_like_the_rest) {
  policy.not_found_ttl = 30s;
  data.status = 404;
  EXPECT_EQ(get().outcome, outcome::miss);
  const auto again = get();
  EXPECT_EQ(again.outcome, outcome::hit);
  EXPECT_EQ(again.status, 404u);
  EXPECT_EQ(again.tag, "");
  EXPECT_LE(again.ttl, 30s);
  data.status = 200;
  threads.run(change(1));
  EXPECT_EQ(get().status, 200u);
  EXPECT_EQ(get().body, data.body(1));
}

TEST_P(policies, not_found_is_read_again_unless_the_policy_says_otherwise) {
  data.status = 404;
  get();
  EXPECT_EQ(get().outcome, outcome::miss);
  EXPECT_EQ(data.reads, 2);
}

// refresh --------------------------------------------------------------------------------------------------------------
TEST_P(policies, hit_in_the_last_tenth_has_the_entry_read_anew_once_behind_the_reply) {
  policy.early_refresh = 0.1;
  get();
  data.value = 1;
  clock->move(530'001ms);
  EXPECT_EQ(get().ttl, 69s);
  EXPECT_EQ(data.reads, 1);
  data.is_held = true;
  clock->move(20s);
  for (int i = 0; i < 20; ++i) {
    const auto reply = get();
    EXPECT_EQ(reply.outcome, outcome::hit);
    EXPECT_EQ(reply.body, data.body(0));
  }
  ASSERT_TRUE(eventually([&] { return data.reads == 2; }));
  data.is_held = false;
  ASSERT_TRUE(eventually([&] { return get().body == data.body(1); }));
  EXPECT_GT(get().ttl, 590s);
  EXPECT_EQ(data.reads, 2);
  EXPECT_EQ(counted().refreshes, 1u);
  EXPECT_EQ(counted().misses, 1u);
}

TEST_P(policies, stale_entry_is_served_while_it_is_read_anew) {
  policy.stale_while_revalidate = 60s;
  get();
  if (server) EXPECT_GT(std::stoi(server->command({"ttl", key()})), 650);  // Redis keeps it for as long
  data.value = 1;
  clock->move(630s);
  const auto stale = get();
  EXPECT_EQ(stale.outcome, outcome::hit);
  EXPECT_EQ(stale.body, data.body(0));
  EXPECT_LT(stale.ttl, -29s);
  ASSERT_TRUE(eventually([&] { return get().body == data.body(1); }));
  EXPECT_GT(get().ttl, 590s);
  EXPECT_EQ(data.reads, 2);
  EXPECT_GE(counted().stale, 1u);

  clock->move(661s);
  EXPECT_EQ(get().outcome, outcome::miss);
}

TEST_P(policies, nothing_is_served_stale_where_nothing_can_be_read_behind_the_reply) {
  policy.stale_while_revalidate = 60s;
  policy.early_refresh = 0.1;
  get();
  clock->move(590s);
  EXPECT_EQ(threads.run(ask("1", encoding::identity, false))->outcome, outcome::hit);
  clock->move(20s);
  EXPECT_EQ(threads.run(ask("1", encoding::identity, false))->outcome, outcome::miss);
  EXPECT_EQ(data.reads, 2);
}

TEST_P(policies, invalidated_entry_is_not_served_stale) {
  policy.stale_while_revalidate = policy.stale_if_error = 60s;
  get();
  clock->move(610s);
  threads.run(change(1));
  const auto reply = get();
  EXPECT_EQ(reply.outcome, outcome::miss);
  EXPECT_EQ(reply.body, data.body(1));
}

TEST_P(policies, read_behind_a_reply_is_not_stored_after_a_write) {
  policy.stale_while_revalidate = 60s;
  get();
  clock->move(610s);
  data.is_held = true;
  EXPECT_EQ(get().outcome, outcome::hit);
  ASSERT_TRUE(eventually([&] { return data.reads == 2; }));
  threads.run(change(1));
  data.is_held = false;
  ASSERT_TRUE(eventually([&] { return counted().fills_rejected == 1; }));
  const auto reply = get();
  EXPECT_EQ(reply.outcome, outcome::miss);
  EXPECT_EQ(reply.body, data.body(1));
}

TEST_P(policies, failed_read_behind_a_reply_leaves_the_entry_and_no_lock) {
  policy.stale_while_revalidate = 60s;
  get();
  clock->move(610s);
  data.throws = true;
  EXPECT_EQ(get().outcome, outcome::hit);
  ASSERT_TRUE(eventually([&] { return data.reads == 2 && !stored(":fill"); }));
  EXPECT_EQ(get().outcome, outcome::hit);
}

// errors ---------------------------------------------------------------------------------------------------------------
TEST_P(policies, stale_entry_is_served_where_the_origin_fails) {
  policy.stale_if_error = 60s;
  get();
  clock->move(610s);
  data.throws = true;
  const auto thrown = get();
  EXPECT_EQ(thrown.outcome, outcome::hit);
  EXPECT_EQ(thrown.body, data.body(0));
  EXPECT_LT(thrown.ttl, 0s);
  EXPECT_FALSE(stored(":fill"));  // the next one need not wait for it
  data.throws = false;
  data.status = 503;
  EXPECT_EQ(get().body, data.body(0));
  EXPECT_EQ(counted().stale, 2u);

  // It was tried each time, and is used as soon as it answers.
  data.status = 200;
  data.value = 1;
  EXPECT_EQ(get().body, data.body(1));
  EXPECT_EQ(data.reads, 4);
}

TEST_P(policies, failure_is_the_answer_after_the_time_for_it_and_for_an_invalidated_entry) {
  policy.stale_if_error = 60s;
  get();
  clock->move(610s);
  threads.run(change(1));
  data.throws = true;
  EXPECT_THROW(get(), std::runtime_error);
  data.throws = false;
  get();
  clock->move(661s);
  data.throws = true;
  EXPECT_THROW(get(), std::runtime_error);
  data.throws = false;
  data.status = 503;
  EXPECT_EQ(get().status, 503u);
}

INSTANTIATE_TEST_SUITE_P(backends, policies, ::testing::Values(place::memory, place::redis, place::redis_and_l1),
                         [](const auto& each) {
                           return each.param == place::memory  ? "memory"
                                  : each.param == place::redis ? "redis"
                                                               : "redis_and_l1";
                         });

}  // namespace
}  // namespace reprise::testing

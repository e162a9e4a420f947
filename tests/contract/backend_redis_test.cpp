// What a real Redis may do to a backend: lose its scripts or its data, be a replica, be full, stall, die, come back.
#include "tests/support/engine_backends.hpp"

#include <boost/asio/detached.hpp>

#include <atomic>
#include <mutex>

namespace reprise::testing {
namespace {

using namespace std::chrono_literals;

class backend_redis : public ::testing::Test {
 protected:
  ~backend_redis() override {
    if (where) where->close();
  }
  void open(redis_options options = {}) {
    options.port = server.port();
    where = make_redis_backend(std::move(options), threads.executors());
    where->on_lost([this](const std::string& why) {
      const std::lock_guard lock(mutex);
      losses.push_back(why);
    });
  }
  std::size_t lost() {
    const std::lock_guard lock(mutex);
    return losses.size();
  }
  std::string last_loss() {
    const std::lock_guard lock(mutex);
    return losses.empty() ? "" : losses.back();
  }
  template <class T>
  T wait(asio::awaitable<T> what, std::size_t thread = 0) {
    return threads.wait(std::move(what), thread);
  }
  result<backend::begun> begin(const thing& what, const std::string& random = "r1") {
    const auto request = what.begin("t", random, "s.");
    return wait(where->begin(request, limit));
  }
  result<backend::commit_outcome> commit(const thing& what, const std::string& captured, const std::string& lock = {},
                                         const std::string& body = "b") {
    const auto request = what.commit(captured, lock, body);
    return wait(where->commit(request, limit));
  }

  redis_server server;
  io_threads threads{2};
  std::shared_ptr<backend> where;
  const thing first{"bookings", "1"};

 private:
  std::mutex mutex;
  std::vector<std::string> losses;
};

TEST_F(backend_redis, every_key_has_a_ttl) {
  open();
  ASSERT_TRUE(wait(where->open()));
  const auto begun = begin(first).value();
  ASSERT_EQ(commit(first, begun.generation, "s.r1 t").value(), backend::commit_outcome::stored);
  begin(first.with_query("q2"));  // leaves a lock
  ASSERT_TRUE(wait(where->set("reprise:a", "v", 60s, limit)));
  const auto keys = server.lines({"KEYS", "*"});
  EXPECT_EQ(keys.size(), 5u);  // generation, entry, index, lock, plain
  for (const auto& key : keys) {
    const auto ttl = std::stoll(server.command({"PTTL", key}));
    EXPECT_GT(ttl, 0) << key;
    EXPECT_LE(ttl, 121'000) << key;
  }
}

TEST_F(backend_redis, commit_long_ttl_extends_generation_and_index_beyond_the_entry) {
  open();
  ASSERT_TRUE(wait(where->open()));
  auto ask = first.begin("t", "r1", "s.");
  ask.generation_ttl = 1s;
  ASSERT_TRUE(wait(where->begin(ask, limit)));
  ASSERT_EQ(commit(first, "s.r1").value(), backend::commit_outcome::stored);  // a minute
  const auto entry = std::stoll(server.command({"PTTL", first.entry_key}));
  EXPECT_GT(std::stoll(server.command({"PTTL", first.generation_key})), entry + 30'000);
  EXPECT_GT(std::stoll(server.command({"PTTL", first.index_key})), entry + 30'000);
}

TEST_F(backend_redis, commit_entries_are_readable_and_listed_in_the_index) {
  open();
  ASSERT_TRUE(wait(where->open()));
  begin(first);
  ASSERT_EQ(commit(first, "s.r1", "", "{\"a\":1}").value(), backend::commit_outcome::stored);
  EXPECT_TRUE(server.command({"GET", "bookings:user:1:role:student:query:{}"}).ends_with("\n{\"a\":1}"));
  EXPECT_EQ(server.command({"ZRANGE", "bookings:user:1:keys", "0", "-1"}), first.entry_key);
}

TEST_F(backend_redis, open_connections_are_one_for_each_thread_and_one_more) {
  open();
  ASSERT_TRUE(wait(where->open()));
  std::size_t ours = 0;
  for (const auto& line : server.lines({"CLIENT", "LIST"})) ours += line.find("name=reprise ") != std::string::npos ? 1 : 0;
  EXPECT_EQ(ours, 3u);
  where->close();
  EXPECT_TRUE(eventually([&] { return server.lines({"CLIENT", "LIST"}).size() == 1; }));
  EXPECT_EQ(lost(), 0u) << "closed is not lost";
}

TEST_F(backend_redis, script_flush_every_script_still_works) {
  open();
  ASSERT_TRUE(wait(where->open()));
  const auto flush = [&] { ASSERT_EQ(server.command({"SCRIPT", "FLUSH", "SYNC"}), "OK"); };
  flush();
  ASSERT_TRUE(begin(first));
  flush();
  EXPECT_EQ(commit(first, "s.r1", "s.r1 t").value(), backend::commit_outcome::stored);
  flush();
  EXPECT_TRUE(wait(where->release(first.lock_key, "s.r1 t", limit)));
  ASSERT_TRUE(wait(where->invalidate({first.generation_key}, limit)));
  flush();
  EXPECT_EQ(wait(where->tidy(first.generation_key, first.index_key, limit)).value(), 1u);
}

TEST_F(backend_redis, flushall_ends_the_session_and_a_captured_generation_is_no_more) {
  open();
  ASSERT_TRUE(wait(where->open()));
  begin(first);
  ASSERT_EQ(server.command({"FLUSHALL"}), "OK");
  EXPECT_EQ(commit(first, "s.r1").error(), errc::unavailable);
  EXPECT_TRUE(server.lines({"KEYS", "*"}).empty());
  ASSERT_TRUE(eventually([&] { return lost() == 1; }));
  ASSERT_TRUE(wait(where->open()));
  EXPECT_EQ(begin(first, "r2")->generation, "s.r2");
}

TEST_F(backend_redis, key_of_another_type_is_refused_not_fatal) {
  open();
  ASSERT_TRUE(wait(where->open()));
  ASSERT_EQ(server.command({"LPUSH", first.generation_key, "x"}), "1");
  EXPECT_EQ(begin(first).error(), errc::refused);
  EXPECT_TRUE(wait(where->invalidate({first.generation_key}, limit)));
  EXPECT_TRUE(begin(first));
  EXPECT_EQ(lost(), 0u);
}

TEST_F(backend_redis, open_replica_is_wrong_role) {
  redis_server replica({"--replicaof", "127.0.0.1 " + std::to_string(server.port())});
  where = make_redis_backend({.port = replica.port()}, threads.executors());
  std::atomic<int> told{0};
  where->on_lost([&](const std::string&) { ++told; });
  EXPECT_EQ(wait(where->open()).error(), errc::wrong_role);
  EXPECT_EQ(told, 1);
  EXPECT_EQ(wait(where->get("reprise:a", limit)).error(), errc::unavailable);
  where->close();
}

TEST_F(backend_redis, demoted_master_is_wrong_role_and_promoted_again_has_another_identity) {
  open();
  const auto before = wait(where->open()).value();
  begin(first);
  ASSERT_EQ(server.command({"REPLICAOF", "127.0.0.1", "1"}), "OK");  // where nobody listens: it keeps its data
  EXPECT_EQ(wait(where->check()).error(), errc::wrong_role);
  EXPECT_EQ(wait(where->set("reprise:a", "v", 1s, limit)).error(), errc::wrong_role);
  EXPECT_EQ(begin(first, "r2").error(), errc::wrong_role) << "within a script too";
  ASSERT_EQ(server.command({"REPLICAOF", "NO", "ONE"}), "OK");
  const auto after = wait(where->check());
  ASSERT_TRUE(after);
  EXPECT_NE(*after, before) << "same process, but what it missed meanwhile nobody knows";
}

TEST_F(backend_redis, open_wrong_password_fails_without_telling_it) {
  redis_server closed({"--requirepass", "right-secret"});
  where = make_redis_backend({.port = closed.port(), .password = "wrong-secret"}, threads.executors());
  std::mutex guard;
  std::vector<std::string> told;
  where->on_lost([&](const std::string& why) {
    const std::lock_guard lock(guard);
    told.push_back(why);
  });
  const auto opened = wait(where->open());
  ASSERT_FALSE(opened);
  const std::lock_guard lock(guard);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_FALSE(told.front().empty());
  EXPECT_EQ((told.front() + opened.error().message() + where->address()).find("secret"), std::string::npos) << told.front();
  where->close();
}

TEST_F(backend_redis, open_right_password_works_and_no_password_does_not) {
  redis_server closed({"--requirepass", "right-secret"});
  where = make_redis_backend({.port = closed.port(), .password = "right-secret"}, threads.executors());
  EXPECT_TRUE(wait(where->open()));
  EXPECT_EQ(where->address().find("secret"), std::string::npos);
  where->close();
  where = make_redis_backend({.port = closed.port()}, threads.executors());
  EXPECT_FALSE(wait(where->open()));
}

TEST_F(backend_redis, open_another_database_keeps_apart) {
  open({.database = 3});
  ASSERT_TRUE(wait(where->open()));
  ASSERT_TRUE(wait(where->set("reprise:a", "v", 60s, limit)));
  EXPECT_EQ(server.command({"EXISTS", "reprise:a"}), "0");
  EXPECT_EQ(server.command({"-n", "3", "GET", "reprise:a"}), "v");
}

TEST_F(backend_redis, open_nothing_listening_is_unavailable_and_told_once) {
  open();
  server.kill();
  EXPECT_EQ(wait(where->open()).error(), errc::unavailable);
  EXPECT_EQ(lost(), 1u);
  EXPECT_EQ(wait(where->open()).error(), errc::unavailable);
  EXPECT_EQ(lost(), 2u) << "once for each session";
}

TEST_F(backend_redis, open_stalled_server_ends_within_its_deadline) {
  open({.connect_deadline = 200ms});
  server.pause();
  const auto opened = wait(where->open());
  EXPECT_FALSE(opened);
  EXPECT_EQ(lost(), 1u);
  server.resume();
  EXPECT_TRUE(eventually([&] { return wait(where->open()).has_value(); }));
}

TEST_F(backend_redis, calls_on_a_stalled_server_time_out_and_work_again_when_it_goes_on) {
  open();
  ASSERT_TRUE(wait(where->open()));
  ASSERT_TRUE(wait(where->set("reprise:a", "before", 60s, limit)));
  server.pause();
  EXPECT_EQ(wait(where->get("reprise:a", 50ms)).error(), errc::timed_out);
  EXPECT_EQ(wait(read_both(*where, first, 50ms)).error(), errc::timed_out);
  EXPECT_EQ(wait(where->invalidate({first.generation_key}, 50ms)).error(), errc::timed_out);
  const auto ask = first.begin("t", "r1", "s.");
  EXPECT_EQ(wait(where->begin(ask, 50ms), 1).error(), errc::timed_out);
  server.resume();
  // Late replies belong to calls that have ended: nobody gets another one's.
  for (int i = 0; i < 20; ++i) {
    const auto key = "reprise:" + std::to_string(i);
    ASSERT_TRUE(wait(where->set(key, key, 60s, limit)));
    ASSERT_EQ(wait(where->get(key, limit)).value(), key);
  }
  EXPECT_EQ(wait(where->get("reprise:a", limit)).value(), "before");
  EXPECT_EQ(lost(), 0u);
}

TEST_F(backend_redis, close_while_calls_wait_ends_them_as_unavailable) {
  open();
  ASSERT_TRUE(wait(where->open()));
  server.pause();
  std::vector<std::future<result<std::optional<std::string>>>> running;
  for (std::size_t i = 0; i < 6; ++i) running.push_back(threads.start(where->get("reprise:a", limit), i));
  std::this_thread::sleep_for(20ms);  // not needed for the outcome: most of them have been sent by then
  where->close();
  for (auto& each : running) EXPECT_EQ(take(std::move(each)).error(), errc::unavailable);
  server.resume();
  EXPECT_TRUE(eventually([&] { return wait(where->open()).has_value(); }));
  EXPECT_EQ(wait(where->get("reprise:a", limit)).value(), std::nullopt);
}

TEST_F(backend_redis, killed_server_is_told_once_and_calls_are_unavailable) {
  open();
  const auto before = wait(where->open()).value();
  server.kill();
  ASSERT_TRUE(eventually([&] { return lost() == 1; }));
  EXPECT_FALSE(last_loss().empty());
  for (std::size_t thread = 0; thread < 2; ++thread)
    EXPECT_EQ(wait(where->get("reprise:a", limit), thread).error(), errc::unavailable);
  EXPECT_EQ(wait(where->check()).error(), errc::unavailable);
  server.restart();
  EXPECT_EQ(wait(where->get("reprise:a", limit)).error(), errc::unavailable) << "a session never comes back by itself";
  const auto after = wait(where->open());
  ASSERT_TRUE(after);
  EXPECT_NE(*after, before);
  EXPECT_EQ(lost(), 1u);
}

TEST_F(backend_redis, one_connection_killed_ends_the_whole_session_once) {
  open();
  ASSERT_TRUE(wait(where->open()));
  std::string id;
  for (const auto& line : server.lines({"CLIENT", "LIST"}))
    if (line.find("name=reprise ") != std::string::npos) id = line.substr(3, line.find(' ') - 3);
  ASSERT_EQ(server.command({"CLIENT", "KILL", "ID", id}), "1");
  ASSERT_TRUE(eventually([&] { return lost() == 1; }));
  for (std::size_t thread = 0; thread < 2; ++thread)
    EXPECT_EQ(wait(where->get("reprise:a", limit), thread).error(), errc::unavailable);
  EXPECT_TRUE(eventually([&] { return server.lines({"CLIENT", "LIST"}).size() == 1; }, 3s)) << server.command({"CLIENT", "LIST"});
  EXPECT_EQ(lost(), 1u);
}

// A master that is told to follow another server keeps its clients, and answers them from the other's data as soon as it has
// that: here data from before an invalidation. It must not be believed for a moment.
TEST_F(backend_redis, server_that_takes_over_another_s_data_is_not_believed) {
  redis_server other;
  ASSERT_EQ(other.command({"SET", "reprise:a", "of the other"}), "OK");
  open();
  ASSERT_TRUE(wait(where->open()));
  ASSERT_TRUE(wait(where->set("reprise:a", "ours", 60s, limit)));
  ASSERT_EQ(server.command({"REPLICAOF", "127.0.0.1", std::to_string(other.port())}), "OK");
  ASSERT_TRUE(eventually([&] { return server.command({"GET", "reprise:a"}) == "of the other"; }));
  ASSERT_EQ(server.command({"REPLICAOF", "NO", "ONE"}), "OK");  // a master again: its role tells nothing
  for (std::size_t thread = 0; thread < 2; ++thread) EXPECT_FALSE(wait(where->get("reprise:a", limit), thread));
  EXPECT_TRUE(eventually([&] { return lost() == 1; }));
  EXPECT_NE(last_loss().find("emptied"), std::string::npos) << last_loss();
}

// Each slot by a read of its own: all in one turn of the loop, or `apart` from each other.
asio::awaitable<void> read_each(backend& where, std::vector<backend::slot>& slots, deadline within, deadline apart,
                                std::vector<boost::system::error_code>& ends) {
  const auto executor = co_await asio::this_coro::executor;
  const auto world = make_environment();
  for (auto& slot : slots) {
    auto one = [&where, &slot, &ends, within]() -> asio::awaitable<void> {
      const auto read = co_await where.read(std::span(&slot, 1), within);
      ends.push_back(read ? boost::system::error_code() : read.error());
    };
    asio::co_spawn(executor, one, asio::detached);  // which keeps a copy of it
    if (apart > deadline::zero()) co_await world->sleep(apart);
  }
  while (ends.size() < slots.size()) co_await world->sleep(1ms);
}

TEST_F(backend_redis, key_that_many_read_in_one_turn_is_asked_for_once) {
  open();
  ASSERT_TRUE(wait(where->open()));
  for (int i = 0; i < 40; ++i) ASSERT_EQ(server.command({"SET", "k" + std::to_string(i), std::to_string(i)}), "OK");
  const auto hits = [&] {
    const auto info = server.command({"INFO", "stats"});
    return std::stoi(info.substr(info.find("keyspace_hits:") + 14));
  };
  // 40 keys, more than one command takes, each wanted thrice, tracked by one of the three; and one that is not there.
  std::vector<std::string> keys;
  for (int i = 0; i < 120; ++i) keys.push_back("k" + std::to_string(i % 40));
  std::vector<backend::slot> slots;
  for (std::size_t i = 0; i < keys.size(); ++i) slots.push_back({keys[i], i < 40});
  for (int i = 0; i < 3; ++i) slots.push_back({"nowhere"});
  const auto before = hits();
  std::vector<boost::system::error_code> ends;
  wait(read_each(*where, slots, limit, 0ms, ends));
  EXPECT_EQ(ends, std::vector(slots.size(), boost::system::error_code()));
  EXPECT_EQ(hits() - before, 40 + 40);  // as a tracked one, and as one that is not
  for (std::size_t i = 0; i < keys.size(); ++i) {
    ASSERT_TRUE(slots[i].found) << keys[i];
    EXPECT_EQ('k' + std::string(slots[i].found->text), keys[i]);
  }
  for (std::size_t i = keys.size(); i < slots.size(); ++i) EXPECT_FALSE(slots[i].found);
}

TEST_F(backend_redis, reads_that_are_held_for_those_under_way_have_their_own_deadline) {
  open();
  ASSERT_TRUE(wait(where->open()));
  ASSERT_EQ(server.command({"SET", "k", "v"}), "OK");
  std::vector<backend::slot> slots(20, backend::slot{"k"});
  const auto all = [](boost::system::error_code same) { return std::vector(20, same); };
  std::vector<boost::system::error_code> ends;
  server.pause();
  wait(read_each(*where, slots, 50ms, 1ms, ends));
  EXPECT_EQ(ends, all(errc::timed_out)) << "the server says nothing";
  server.resume();
  ends.clear();
  ASSERT_TRUE(eventually([&] { return wait(where->get("k", limit)).has_value(); }));
  wait(read_each(*where, slots, limit, 1ms, ends));
  EXPECT_EQ(ends, all({}));
  for (const auto& slot : slots) EXPECT_EQ(slot.found->text, "v");
  ends.clear();
  server.pause();
  auto running = threads.start(read_each(*where, slots, limit, 1ms, ends), 0);
  std::this_thread::sleep_for(40ms);  // not needed for the outcome
  where->close();
  take(std::move(running));
  EXPECT_EQ(ends, all(errc::unavailable)) << "the connection has ended";
  server.resume();
}

TEST_F(backend_redis, full_server_refuses_to_store_but_invalidates) {
  open();
  ASSERT_TRUE(wait(where->open()));
  const thing second{"bookings", "2"};
  ASSERT_TRUE(begin(first));
  ASSERT_EQ(server.command({"CONFIG", "SET", "maxmemory", "1mb"}), "OK");  // less than an empty server takes
  EXPECT_EQ(begin(second).error(), errc::refused);
  EXPECT_EQ(begin(first.with_query("q2")).error(), errc::refused) << "a lock is a key too";
  EXPECT_EQ(commit(first, "s.r1", "s.r1 t").error(), errc::refused);
  EXPECT_EQ(server.command({"EXISTS", first.entry_key}), "0");
  EXPECT_EQ(server.command({"EXISTS", first.lock_key}), "0") << "nobody waits for a fill that cannot be stored";
  EXPECT_EQ(wait(where->set("reprise:a", "v", 60s, limit)).error(), errc::refused);
  EXPECT_TRUE(wait(where->invalidate({first.generation_key}, limit)));
  EXPECT_EQ(server.command({"EXISTS", first.generation_key}), "0");
  ASSERT_EQ(server.command({"CONFIG", "SET", "maxmemory", "0"}), "OK");
  EXPECT_TRUE(begin(second));
  EXPECT_EQ(lost(), 0u);
}

TEST_F(backend_redis, full_server_does_not_grow_by_replacing_entries) {
  open();
  ASSERT_TRUE(wait(where->open()));
  ASSERT_TRUE(begin(first));
  ASSERT_EQ(commit(first, "s.r1").value(), backend::commit_outcome::stored);
  ASSERT_EQ(server.command({"CONFIG", "SET", "maxmemory", "1mb"}), "OK");
  EXPECT_EQ(commit(first, "s.r1", "", std::string(100'000, 'x')).error(), errc::refused);
  EXPECT_LT(std::stoll(server.command({"STRLEN", first.entry_key})), 1000);
}

TEST_F(backend_redis, reply_larger_than_the_bound_ends_the_session) {
  open({.largest_read_bytes = 100'000});
  ASSERT_TRUE(wait(where->open()));
  ASSERT_EQ(server.command({"SETRANGE", "reprise:large", "300000", "x"}), "300001");
  EXPECT_FALSE(wait(where->get("reprise:large", limit)));
  EXPECT_TRUE(eventually([&] { return lost() == 1; }));
}

}  // namespace
}  // namespace reprise::testing

// What only a Redis Cluster can do to a backend: have its keys in many places, and move them.
#include "tests/support/engine_backends.hpp"
#include "tests/support/redis_cluster.hpp"

#include <mutex>

namespace reprise::testing {
namespace {

using namespace std::chrono_literals;

class backend_cluster : public ::testing::Test {
 protected:
  backend_cluster() {
    where->on_lost([this](const std::string& why) {
      const std::lock_guard lock(mutex);
      loss = why;
    });
    identity = wait(where->open()).value();
  }
  ~backend_cluster() override { where->close(); }

  template <class T>
  T wait(asio::awaitable<T> what, std::size_t thread = 0) {
    return threads.wait(std::move(what), thread);
  }
  void store(const thing& what) {
    const auto ask = what.begin("t", "r1", "s.");
    ASSERT_TRUE(wait(where->begin(ask, limit)));
    const auto put = what.commit("s.r1", "s.r1 t", "body");
    ASSERT_EQ(wait(where->commit(put, limit)).value(), backend::commit_outcome::stored);
  }
  thing of_user(std::string_view user) const { return {"bookings", user, "{}", where->keys()}; }
  // Moves the scope's slot to the next master.
  std::size_t move_away(const thing& what) {
    const auto from = cluster.owner_of(what.generation_key), to = (from + 1) % cluster.size();
    cluster.move(cluster.slot_of(what.generation_key), from, to);
    return to;
  }
  std::string lost() {
    const std::lock_guard lock(mutex);
    return loss;
  }

  redis_cluster cluster;
  io_threads threads{2};
  std::shared_ptr<backend> where = make_redis_backend(cluster.options(), threads.executors());
  std::string identity;

 private:
  std::mutex mutex;
  std::string loss;
};

TEST_F(backend_cluster, scope_keys_are_in_one_slot_and_those_of_users_on_every_master) {
  std::vector<std::size_t> keys_of(cluster.size());
  for (int user = 0; user < 60; ++user) store(of_user(std::to_string(user)));
  for (std::size_t i = 0; i < cluster.size(); ++i) keys_of[i] = std::stoul(cluster.master(i).command({"DBSIZE"}));
  for (const auto count : keys_of) EXPECT_GT(count, 60u * 3 / 3 / 3) << "three keys each, of which a third is expected here";
  EXPECT_EQ(keys_of[0] + keys_of[1] + keys_of[2], 180u);
}

TEST_F(backend_cluster, reads_of_many_masters_are_one_call) {
  std::vector<thing> things;
  for (int user = 0; user < 20; ++user) things.push_back(of_user(std::to_string(user)));
  for (const auto& each : things) store(each);
  std::vector<backend::slot> slots;
  for (const auto& each : things) {
    slots.push_back({each.generation_key, true});
    slots.push_back({each.entry_key});
  }
  slots.push_back({"bookings:user:{nobody}:gen"});
  ASSERT_TRUE(wait(where->read(slots, limit)));
  for (std::size_t i = 0; i < slots.size() - 1; ++i) EXPECT_TRUE(slots[i].found) << slots[i].key;
  EXPECT_FALSE(slots.back().found);
}

TEST_F(backend_cluster, invalidation_of_scopes_on_every_master_removes_them_all) {
  std::vector<std::string> generations;
  for (int user = 0; user < 1200; ++user) generations.push_back(of_user(std::to_string(user)).generation_key);
  for (int user = 0; user < 60; ++user) store(of_user(std::to_string(user)));
  ASSERT_TRUE(wait(where->invalidate(generations, limit)));
  for (int user = 0; user < 60; ++user) EXPECT_FALSE(wait(where->get(generations[static_cast<std::size_t>(user)], limit)).value());
}

TEST_F(backend_cluster, del_pattern_removes_on_every_master) {
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(wait(where->set("reprise:a:" + std::to_string(i), "v", 60s, limit)));
  ASSERT_TRUE(wait(where->set("reprise:b", "v", 60s, limit)));
  EXPECT_EQ(wait(where->del_pattern("reprise:a:*", limit)).value(), 100u);
  EXPECT_TRUE(wait(where->get("reprise:b", limit)).value());
}

TEST_F(backend_cluster, slot_that_has_moved_is_neither_read_nor_filled_nor_invalidated_elsewhere) {
  const auto moved = of_user("1");
  store(moved);
  move_away(moved);
  EXPECT_EQ(wait(read_both(*where, moved)).error(), errc::refused);
  const auto ask = moved.begin("t", "r2", "s.");
  EXPECT_EQ(wait(where->begin(ask, limit)).error(), errc::refused);
  const auto put = moved.commit("s.r1", "", "other");
  EXPECT_EQ(wait(where->commit(put, limit)).error(), errc::refused);
  EXPECT_EQ(wait(where->invalidate({moved.generation_key}, limit)).error(), errc::wrong_role) << "the session is over for a write";
  // A map that is asked for anew knows better, and is another identity.
  const auto again = wait(where->open());
  ASSERT_TRUE(again);
  EXPECT_NE(*again, identity);
  EXPECT_TRUE(wait(read_both(*where, moved)).value().generation);
  EXPECT_TRUE(wait(where->invalidate({moved.generation_key}, limit)));
}

TEST_F(backend_cluster, slot_that_came_back_is_another_identity) {
  const auto moved = of_user("1");
  const auto away = move_away(moved);
  cluster.move(cluster.slot_of(moved.generation_key), away, (away + cluster.size() - 1) % cluster.size());
  EXPECT_NE(wait(where->check()).value(), identity) << "a config epoch tells of it";
  EXPECT_NE(wait(where->open()).value(), identity);
}

TEST_F(backend_cluster, slot_on_its_way_is_bypassed_and_the_others_are_not) {
  const auto moving = of_user("1"), other = of_user("2");
  store(other);
  ASSERT_NE(cluster.slot_of(moving.generation_key), cluster.slot_of(other.generation_key));
  const auto from = cluster.owner_of(moving.generation_key);
  cluster.begin_move(cluster.slot_of(moving.generation_key), from, (from + 1) % cluster.size());
  EXPECT_EQ(wait(read_both(*where, moving)).error(), errc::refused);
  EXPECT_EQ(wait(where->invalidate({moving.generation_key}, limit)).error(), errc::wrong_role);
  EXPECT_TRUE(wait(read_both(*where, other)).value().generation);
}

// Its keys are all there still, and would be removed: but copies of them may be at the target, and come to life there.
TEST_F(backend_cluster, slot_on_its_way_with_all_its_keys_acknowledges_no_invalidation) {
  const auto moving = of_user("1");
  store(moving);
  const auto from = cluster.owner_of(moving.generation_key);
  cluster.begin_move(cluster.slot_of(moving.generation_key), from, (from + 1) % cluster.size());
  EXPECT_TRUE(wait(read_both(*where, moving)).value().entry) << "it is still read";
  EXPECT_EQ(wait(where->invalidate({moving.generation_key}, limit)).error(), errc::wrong_role);
  EXPECT_TRUE(wait(read_both(*where, moving)).value().entry) << "nothing was removed";
}

// It went and came back between two looks at the masters.
TEST_F(backend_cluster, slot_that_went_and_came_back_acknowledges_no_invalidation) {
  const auto moved = of_user("1");
  store(moved);
  const auto away = move_away(moved);
  cluster.move(cluster.slot_of(moved.generation_key), away, (away + cluster.size() - 1) % cluster.size());
  EXPECT_EQ(wait(where->invalidate({moved.generation_key}, limit)).error(), errc::wrong_role);
}

TEST_F(backend_cluster, plain_commands_follow_where_a_slot_has_gone_or_goes) {
  const std::string key = "reprise:plain";
  const auto from = cluster.owner_of(key), to = (from + 1) % cluster.size();
  ASSERT_TRUE(wait(where->set(key, "before", 60s, limit)));
  cluster.begin_move(cluster.slot_of(key), from, to);
  EXPECT_EQ(wait(where->get(key, limit)).value(), "before");
  cluster.master(from).command({"MIGRATE", "127.0.0.1", std::to_string(cluster.master(to).port()), key, "0", "5000"});
  EXPECT_EQ(wait(where->get(key, limit)).value(), "before") << "asked for at the importing master";
  EXPECT_TRUE(wait(where->set(key, "on its way", 60s, limit)));
  cluster.move(cluster.slot_of(key), from, to);
  EXPECT_EQ(wait(where->get(key, limit), 1).value(), "on its way") << "and at the one that it has moved to";
  EXPECT_TRUE(wait(where->del(key, limit)).value());
}

TEST_F(backend_cluster, check_ends_a_session_whose_map_has_been_wrong_for_a_while) {
  const auto moved = of_user("1");
  const auto before = wait(where->check());
  ASSERT_EQ(before.value(), identity);
  move_away(moved);
  EXPECT_EQ(wait(read_both(*where, moved)).error(), errc::refused);
  EXPECT_TRUE(eventually([&] {
    const auto now = wait(where->check());
    return !now || *now != identity;
  }));
}

TEST_F(backend_cluster, master_that_dies_ends_the_session_and_open_says_which) {
  cluster.master(1).kill();
  EXPECT_TRUE(eventually([&] { return !lost().empty(); }));
  EXPECT_NE(lost().find("127.0.0.1:" + std::to_string(cluster.master(1).port())), std::string::npos) << lost();
  EXPECT_FALSE(wait(where->open()));
}

TEST_F(backend_cluster, slot_without_a_master_is_told_of) {
  for (std::size_t i = 0; i < cluster.size(); ++i)
    cluster.master(i).command({"CLUSTER", "DELSLOTS", std::to_string(cluster.slot_of("a"))});
  // Until all have heard of it, a node may say that the cluster is down, and no more.
  const auto is_told = [&] {
    const auto opened = wait(where->open());
    return !opened && lost().find("1 of the cluster's 16384 slots have no master") != std::string::npos;
  };
  EXPECT_TRUE(eventually(is_told)) << lost();
}

}  // namespace
}  // namespace reprise::testing

#include "src/backends/redis/slot_map.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

namespace reprise::redis {
namespace {

namespace resp3 = boost::redis::resp3;
using nodes = std::vector<resp3::node_view>;

resp3::node_view array(std::size_t size, std::size_t depth) { return {resp3::type::array, size, depth, ""}; }
resp3::node_view text(std::string_view what, std::size_t depth) { return {resp3::type::blob_string, 1, depth, what}; }
resp3::node_view number(std::string_view what, std::size_t depth) { return {resp3::type::number, 1, depth, what}; }

void add_range(nodes& to, std::string_view first, std::string_view last, std::string_view host, std::string_view port) {
  to.insert(to.end(), {array(4, 1), number(first, 2), number(last, 2),
                       array(3, 2), text(host, 3), number(port, 3), text("an id", 3),
                       array(4, 2), text("10.0.0.9", 3), number("7000", 3), text("a replica", 3), array(0, 3)});
}

nodes whole_cluster() {
  nodes all{array(3, 0)};
  add_range(all, "0", "5460", "10.0.0.1", "6379");
  add_range(all, "5461", "10922", "", "6380");
  add_range(all, "10923", "16383", "::1", "6379");
  return all;
}

// The specification's own examples, and CRC16's check value.
TEST(slot_of, key_is_that_of_the_specification) {
  EXPECT_EQ(slot_of("123456789"), 0x31C3 % slot_count);
  EXPECT_EQ(slot_of("foo"), 12182);
  EXPECT_EQ(slot_of("{user1000}.following"), slot_of("{user1000}.followers"));
  EXPECT_EQ(slot_of("{user1000}.following"), slot_of("user1000"));
  EXPECT_EQ(slot_of("foo{}{bar}"), slot_of("foo{}{bar}"));
  EXPECT_NE(slot_of("foo{}{bar}"), slot_of("bar")) << "an empty tag is none: the whole key counts";
  EXPECT_EQ(slot_of("foo{{bar}}zap"), slot_of("{bar"));
  EXPECT_EQ(slot_of("foo{bar}{zap}"), slot_of("bar"));
}

TEST(slot_map, answer_of_a_whole_cluster_is_read) {
  const auto map = read_slot_map(whole_cluster(), "asked");
  ASSERT_TRUE(map);
  EXPECT_EQ(map->masters, (std::vector<redis_address>{{"10.0.0.1", 6379}, {"asked", 6380}, {"::1", 6379}}));
  EXPECT_EQ(map->uncovered(), 0u);
  EXPECT_EQ(map->ranges_of(0), "0-5460");
  EXPECT_EQ(map->owners[5460], 0);
  EXPECT_EQ(map->owners[5461], 1);
  EXPECT_EQ(map->owners[16383], 2);
}

TEST(slot_map, several_ranges_of_one_master_are_its_own) {
  nodes all{array(3, 0)};
  add_range(all, "0", "5", "h", "1");
  add_range(all, "7", "7", "h", "1");
  add_range(all, "6", "6", "h", "2");
  const auto map = read_slot_map(all, "");
  ASSERT_TRUE(map);
  EXPECT_EQ(map->masters.size(), 2u);
  EXPECT_EQ(map->ranges_of(0), "0-5,7");
  EXPECT_EQ(map->ranges_of(1), "6");
  EXPECT_EQ(map->uncovered(), slot_count - 8);
}

TEST(slot_map, what_is_no_answer_is_refused) {
  EXPECT_FALSE(read_slot_map({}, ""));
  EXPECT_FALSE(read_slot_map(nodes{text("OK", 0)}, ""));
  const std::vector<std::vector<std::string_view>> wrong{{"0", "16384", "h", "1"}, {"5", "4", "h", "1"}, {"-1", "4", "h", "1"},
                                                         {"0", "1", "h", "0"},     {"0", "1", "h", "65536"}, {"0", "x", "h", "1"}};
  for (const auto& each : wrong) {
    nodes all{array(1, 0)};
    add_range(all, each[0], each[1], each[2], each[3]);
    EXPECT_FALSE(read_slot_map(all, "")) << each[0] << ' ' << each[1] << ' ' << each[3];
  }
  nodes twice{array(2, 0)};
  add_range(twice, "0", "5", "h", "1");
  add_range(twice, "5", "6", "h", "2");
  EXPECT_FALSE(read_slot_map(twice, "")) << "a slot with two masters";
}

// A server may send anything: nothing may be read beyond it, and what is taken covers no slot twice.
TEST(slot_map, answers_that_were_altered_are_read_or_refused) {
  const std::vector<std::string_view> texts{"", "?", "0", "16383", "16384", "99999999999999999999", "-5", "h", "6379", "65536"};
  std::mt19937 dice(20261128);
  std::size_t read = 0;
  for (int round = 0; round < 200'000; ++round) {
    auto all = whole_cluster();
    for (int change = 0; change < 3 && !all.empty(); ++change) {
      const auto at = dice() % all.size();
      switch (dice() % 6) {
        case 0: all.erase(all.begin() + static_cast<std::ptrdiff_t>(at)); break;
        case 1: all.resize(at + 1); break;
        case 2: all[at].value = texts[dice() % texts.size()]; break;
        case 3: all[at].depth = dice() % 5; break;
        case 4: all[at].data_type = dice() % 2 ? resp3::type::array : resp3::type::null; break;
        case 5: all.insert(all.begin() + static_cast<std::ptrdiff_t>(at), all[dice() % all.size()]); break;
      }
    }
    const auto map = read_slot_map(all, "asked");
    if (!map) continue;
    ++read;
    for (const auto owner : map->owners) ASSERT_TRUE(owner == slot_map::nobody || owner < map->masters.size());
  }
  EXPECT_GT(read, 1000u);
}

TEST(redirect, is_read_from_what_the_server_says) {
  const auto moved = read_redirect("MOVED 3999 10.0.0.7:6381", "asked");
  ASSERT_TRUE(moved);
  EXPECT_TRUE(moved->is_moved);
  EXPECT_EQ(moved->to, (redis_address{"10.0.0.7", 6381}));
  const auto ask = read_redirect("ASK 3999 ::1:6381", "asked");
  ASSERT_TRUE(ask);
  EXPECT_FALSE(ask->is_moved);
  EXPECT_EQ(ask->to, (redis_address{"::1", 6381}));
  EXPECT_EQ(read_redirect("MOVED 1 :7", "asked")->to, (redis_address{"asked", 7}));
  for (const auto* other : {"", "MOVED", "MOVED 3999", "MOVED 3999 10.0.0.7", "MOVED 3999 h:", "MOVED 3999 h:70000", "ASKING", "ERR MOVED 1 h:1"})
    EXPECT_FALSE(read_redirect(other, "")) << other;
}

// The usual recipe's keys, whose first braces are the query's JSON, are all in one slot.
TEST(slot_of, keys_of_users_with_one_query_spread_over_the_slots) {
  std::set<std::uint16_t> plain, tagged;
  for (int user = 0; user < 10'000; ++user) {
    const auto name = "bookings:user:" + std::to_string(user), query = std::string(R"(:query:{"status":"accepted"})");
    plain.insert(slot_of(name + query));
    tagged.insert(slot_of("bookings:user:{" + std::to_string(user) + "}" + query));
  }
  EXPECT_EQ(plain.size(), 1u);
  EXPECT_GT(tagged.size(), 7000u);  // of 10,000 thrown at random: 7,480
}

}  // namespace
}  // namespace reprise::redis

#include "src/engine/local_generations.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace reprise::engine {
namespace {

TEST(local_generations, token_is_found_until_it_is_erased) {
  local_generations held(100);
  EXPECT_FALSE(held.find("a"));
  EXPECT_TRUE(held.put("a", "stamp.0.abc", held.begin("a")));
  ASSERT_TRUE(held.find("a"));
  EXPECT_EQ(*held.find("a"), "stamp.0.abc");
  held.erase("a");
  EXPECT_FALSE(held.find("a"));
  EXPECT_TRUE(held.put("a", "stamp.0.abd", held.begin("a")));
  EXPECT_EQ(*held.find("a"), "stamp.0.abd");
}

TEST(local_generations, reply_that_is_handled_after_the_push_about_a_later_change_is_not_stored) {
  local_generations held(100);
  const auto ticket = held.begin("a");
  held.erase("a");  // which is not held: it still ends the reads that are on their way
  EXPECT_FALSE(held.put("a", "old", ticket));
  EXPECT_FALSE(held.find("a"));
}

TEST(local_generations, reply_that_is_handled_after_the_push_does_not_replace_a_newer_one) {
  local_generations held(100);
  const auto slow = held.begin("a");
  held.erase("a");
  EXPECT_TRUE(held.put("a", "new", held.begin("a")));
  EXPECT_FALSE(held.put("a", "old", slow));
  EXPECT_EQ(*held.find("a"), "new");
}

TEST(local_generations, clear_ends_everything_and_all_reads_on_their_way) {
  local_generations held(100);
  held.put("a", "token", held.begin("a"));
  const auto ticket = held.begin("b");
  held.clear();
  EXPECT_FALSE(held.find("a"));
  EXPECT_EQ(held.size(), 0u);
  EXPECT_FALSE(held.put("b", "old", ticket));
  EXPECT_TRUE(held.put("b", "new", held.begin("b")));
}

TEST(local_generations, erasing_one_key_leaves_nearly_all_other_reads_alone) {
  local_generations held(1000);
  int stored = 0;
  for (int i = 0; i < 100; ++i) {
    const auto key = "other" + std::to_string(i);
    const auto ticket = held.begin(key);
    held.erase("a");
    stored += held.put(key, "token", ticket) ? 1 : 0;
  }
  EXPECT_GE(stored, 90);  // one in 1024 shares the bucket
}

TEST(local_generations, no_more_than_the_bound_are_held) {
  local_generations held(50), none(0);
  std::size_t most = 0;
  for (int i = 0; i < 500; ++i) {
    const auto key = std::to_string(i);
    held.put(key, "token", held.begin(key));
    most = std::max(most, held.size());
  }
  EXPECT_EQ(most, 50u);
  EXPECT_EQ(held.evictions(), 450u);
  EXPECT_FALSE(none.put("a", "token", none.begin("a")));
  EXPECT_FALSE(none.find("a"));
}

}  // namespace
}  // namespace reprise::engine

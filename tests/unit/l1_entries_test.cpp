#include "src/engine/local_entries.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <list>
#include <map>
#include <random>
#include <unordered_map>
#include <vector>

namespace reprise::engine {
namespace {

std::shared_ptr<const local_entry> entry_of(std::string_view body) {
  const core::entry_header header{"stamp.0.abc", {}, core::wall_time(std::chrono::seconds(600)), 200, "0123456789abcdef",
                                  "application/json"};
  return make_local_entry(std::make_shared<const std::string>(core::encode_entry(header, body).value()));
}

TEST(local_entries, entry_is_found_with_its_parts_until_it_is_erased) {
  local_entries l1(1 << 20);
  ASSERT_TRUE(l1.put("a", entry_of("{\"value\":1}")));
  const auto found = l1.find("a");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->decoded.body, "{\"value\":1}");
  EXPECT_EQ(found->decoded.header.generation, "stamp.0.abc");
  EXPECT_EQ(l1.size(), 1u);
  EXPECT_EQ(l1.bytes(), local_entries::cost_of("a", *found));

  EXPECT_TRUE(l1.erase("a"));
  EXPECT_FALSE(l1.erase("a"));
  EXPECT_FALSE(l1.find("a"));
  EXPECT_EQ(l1.bytes(), 0u);
  EXPECT_EQ(found->decoded.body, "{\"value\":1}");  // whoever holds it may go on reading it
}

TEST(local_entries, undecodable_bytes_are_no_entry) {
  EXPECT_FALSE(make_local_entry(std::make_shared<const std::string>("rubbish")));
}

TEST(local_entries, bound_of_zero_bytes_holds_nothing) {
  local_entries l1(0);
  EXPECT_FALSE(l1.put("a", entry_of("")));
  EXPECT_FALSE(l1.find("a"));
  EXPECT_FALSE(l1.erase("a"));
  l1.clear();
  EXPECT_EQ(l1.size(), 0u);
  EXPECT_EQ(l1.bytes(), 0u);
}

TEST(local_entries, entry_over_a_tenth_of_the_bound_is_not_taken_and_what_it_replaces_goes) {
  const auto small = entry_of("{}"), large = entry_of(std::string(2000, 'x'));
  const auto most = local_entries::cost_of("a", *large);
  local_entries exact(most * 10), tight(most * 10 - 1);
  EXPECT_TRUE(exact.put("a", large));
  EXPECT_TRUE(tight.put("a", small));
  EXPECT_FALSE(tight.put("a", large));
  EXPECT_FALSE(tight.find("a"));
  EXPECT_EQ(tight.bytes(), 0u);
}

// Held against a map that forgets nothing: L1 may lack an entry, but never has another one than the last that was put.
TEST(local_entries, random_operations_agree_with_a_model_and_stay_within_the_bound) {
  constexpr std::size_t bound = 100'000;
  std::mt19937 random(7);
  local_entries l1(bound);
  std::map<std::string, std::shared_ptr<const local_entry>> model;
  std::size_t found_at_all = 0;
  for (int i = 0; i < 60'000; ++i) {
    const auto key = "key" + std::to_string(random() % 200);
    switch (random() % 100) {
      case 0:
        if (random() % 20 == 0) {
          l1.clear();
          model.clear();
          EXPECT_EQ(l1.size(), 0u);
        }
        break;
      case 1: case 2: case 3: case 4: case 5:
        l1.erase(key);
        model.erase(key);
        break;
      default:
        if (random() % 2 == 0) {
          const auto found = l1.find(key);
          if (!found) break;
          ++found_at_all;
          ASSERT_TRUE(model.contains(key));
          ASSERT_EQ(found, model[key]);
        } else {
          model[key] = entry_of(std::string(random() % 4000, 'x'));
          l1.put(key, model[key]);
        }
    }
    ASSERT_LE(l1.bytes(), bound);
    if (i % 1000 != 0) continue;
    std::size_t bytes = 0, held = 0;
    for (const auto& [name, entry] : model)
      if (const auto found = l1.find(name)) {
        bytes += local_entries::cost_of(name, *found);
        ++held;
      }
    ASSERT_EQ(bytes, l1.bytes());
    ASSERT_EQ(held, l1.size());
  }
  EXPECT_GT(found_at_all, 1000u);
  EXPECT_GT(l1.evictions(), 1000u);
}

// Equal sizes: `most` entries fit.
class lru {
 public:
  explicit lru(std::size_t most) : most_(most) {}
  bool ask(const std::string& key) {
    if (const auto held = at_.find(key); held != at_.end()) {
      order_.splice(order_.begin(), order_, held->second);
      return true;
    }
    order_.push_front(key);
    at_[key] = order_.begin();
    if (order_.size() > most_) {
      at_.erase(order_.back());
      order_.pop_back();
    }
    return false;
  }

 private:
  std::size_t most_;
  std::list<std::string> order_;
  std::unordered_map<std::string, std::list<std::string>::iterator> at_;
};

// Zipf with exponent 0.9 over 10,000 keys, room for 500, and a scan of 2,000 new things after every 10,000 requests.
TEST(local_entries, scans_cost_a_tenth_fewer_hits_at_least_than_with_lru) {
  constexpr std::size_t keys = 10'000, most = 500;
  for (const int times : {1, 2}) {  // that a scan asks for each thing, in a row
    const auto entry = entry_of("{}");
    local_entries l1(most * local_entries::cost_of("user 1234", *entry));
    lru other(most);
    const auto ask = [&](const std::string& key) {
      if (l1.find(key)) return true;
      l1.put(key, entry);
      return false;
    };
    std::vector<double> cumulative(keys);
    double sum = 0;
    for (std::size_t i = 0; i < keys; ++i) cumulative[i] = sum += 1 / std::pow(static_cast<double>(i + 1), 0.9);
    std::mt19937 random(3);
    int hits = 0, hits_of_lru = 0, asked = 0, scanned = 0;
    for (int round = 0; round < 20; ++round) {
      for (int i = 0; i < 10'000; ++i, ++asked) {
        const auto at = random() / 4294967296.0 * sum;
        const auto rank = std::lower_bound(cumulative.begin(), cumulative.end(), at) - cumulative.begin();
        const auto key = "user " + std::to_string(1000 + rank);
        hits += ask(key) ? 1 : 0;
        hits_of_lru += other.ask(key) ? 1 : 0;
      }
      for (int i = 0; i < 2000; ++i, ++scanned)
        for (int k = 0; k < times; ++k) {
          ask("scan " + std::to_string(scanned));
          other.ask("scan " + std::to_string(scanned));
        }
    }
    EXPECT_GT(hits, hits_of_lru + asked / 10) << times;
  }
}

TEST(keyed_hash, every_object_has_a_key_of_its_own) {
  const keyed_hash one, other;
  const auto same = one;
  EXPECT_EQ(one("text"), same("text"));
  EXPECT_NE(one("text"), other("text"));
}

}  // namespace
}  // namespace reprise::engine

// scan(), on every backend: what people and tools see of the keys.
#include "tests/support/engine_backends.hpp"

#include <map>

namespace reprise::testing {
namespace {

using namespace std::chrono_literals;

class backend_scan : public ::testing::TestWithParam<backend_kind> {
 protected:
  backend_scan() : home(GetParam(), 2), where(home.make()) { EXPECT_TRUE(wait(where->open())); }
  ~backend_scan() override { where->close(); }

  template <class T>
  T wait(asio::awaitable<T> what) {
    return home.threads.wait(std::move(what), 0);
  }
  void set(const std::string& key, const std::string& value = "v") {
    EXPECT_TRUE(wait(where->set(key, value, 60s, limit)));
  }
  // All pages; how often each key was found.
  std::map<std::string, int> walk(const std::string& pattern, std::size_t count) {
    std::map<std::string, int> times;
    std::string cursor;
    do {
      const auto page = wait(where->scan(cursor, pattern, count, limit));
      EXPECT_TRUE(page);
      if (!page) break;
      for (const auto& each : page->keys) {
        ++times[each.key];
        seen[each.key] = each;
      }
      cursor = page->next;
      ++pages;
    } while (!cursor.empty());
    return times;
  }

  backend_home home;
  std::shared_ptr<backend> where;
  std::map<std::string, backend::key_facts> seen;
  int pages = 0;
  const thing first{"bookings", "1", "{}", where->keys()};
};

INSTANTIATE_TEST_SUITE_P(backends, backend_scan,
                         ::testing::Values(backend_kind::memory, backend_kind::redis, backend_kind::cluster),
                         kind_name);

TEST_P(backend_scan, nothing_there_finds_nothing_and_ends) { EXPECT_TRUE(walk("*", 10).empty()); }

TEST_P(backend_scan, small_pages_find_every_key_once) {
  for (int i = 0; i < 1000; ++i) set("bookings:user:" + std::to_string(i) + ":gen");
  const auto times = walk("bookings:*", 10);
  EXPECT_EQ(times.size(), 1000u);
  for (const auto& [key, count] : times) EXPECT_EQ(count, 1) << key;
  EXPECT_GT(pages, 20);
}

TEST_P(backend_scan, pattern_leaves_out_what_does_not_match) {
  for (const auto* key : {"bookings:user:1:gen", "bookings:user:12:gen", "bookings:user:*:gen", "gigs:id:1:gen"})
    set(key);
  EXPECT_EQ(walk("bookings:user:1:*", 100).size(), 1u);
  EXPECT_EQ(walk("bookings:user:\\*:*", 100).size(), 1u);
  EXPECT_EQ(walk("*:id:*", 100).size(), 1u);
}

TEST_P(backend_scan, text_tells_beginning_size_and_ttl) {
  const std::string large(100'000, 'x');
  set("reprise:large", large);
  set("reprise:small", "abc");
  walk("reprise:*", 100);
  const auto& facts = seen.at("reprise:large");
  EXPECT_EQ(facts.what, backend::key_facts::kind::text);
  EXPECT_EQ(facts.size, large.size());
  EXPECT_EQ(facts.beginning, large.substr(0, backend::most_beginning_bytes));
  ASSERT_TRUE(facts.ttl);
  EXPECT_GT(*facts.ttl, 50s);
  EXPECT_LE(*facts.ttl, 60s);
  EXPECT_EQ(seen.at("reprise:small").beginning, "abc");
}

TEST_P(backend_scan, key_that_is_removed_between_pages_is_not_shown_and_the_others_are) {
  for (int i = 0; i < 200; ++i) set("reprise:" + std::to_string(i));
  std::map<std::string, int> times;
  std::string cursor;
  do {
    const auto page = wait(where->scan(cursor, "reprise:*", 10, limit));
    ASSERT_TRUE(page);
    for (const auto& each : page->keys) {
      ++times[each.key];
      EXPECT_TRUE(wait(where->del(each.key, limit)));
    }
    cursor = page->next;
  } while (!cursor.empty());
  EXPECT_EQ(times.size(), 200u);
  EXPECT_TRUE(walk("reprise:*", 100).empty());
}

TEST_P(backend_scan, committed_entry_is_found_with_its_generation) {
  const auto begun = wait(where->begin(first.begin("t", "r1", "s."), limit)).value();
  EXPECT_EQ(wait(where->commit(first.commit(begun.generation, "", "body"), limit)).value(),
            backend::commit_outcome::stored);
  const auto times = walk(first.where.stem(where->keys()) + ":*", 100);
  EXPECT_TRUE(times.contains(first.generation_key));
  EXPECT_TRUE(times.contains(first.entry_key));
  if (GetParam() == backend_kind::memory) return;  // whose lists are no keys
  EXPECT_EQ(seen.at(first.index_key).what, backend::key_facts::kind::index);
  EXPECT_EQ(seen.at(first.index_key).size, 1u);
}

TEST_P(backend_scan, cursor_of_nobody_is_refused) {
  for (const auto* cursor : {"x", "-1", "99999999999999999999999999:"})
    EXPECT_EQ(wait(where->scan(cursor, "*", 10, limit)).error(), errc::invalid_name) << cursor;
}

}  // namespace
}  // namespace reprise::testing

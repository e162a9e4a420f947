// The contract of every backend (reprise/backend.hpp). What only Redis can show is in backend_redis_test.cpp.
#include "tests/support/engine_backends.hpp"

#include <set>

namespace reprise::testing {
namespace {

using namespace std::chrono_literals;

class backend_contract : public ::testing::TestWithParam<backend_kind> {
 protected:
  backend_contract() : home(GetParam(), 2), where(home.make()) { EXPECT_TRUE(wait(where->open())); }
  ~backend_contract() override { where->close(); }

  template <class T>
  T wait(asio::awaitable<T> what, std::size_t thread = 0) {
    return home.threads.wait(std::move(what), thread);
  }
  backend::begun begin(const thing& what, const std::string& token = "t", const std::string& random = "r1",
                       const std::string& stamp = "s.") {
    return wait(where->begin(what.begin(token, random, stamp), limit)).value();
  }
  backend::commit_outcome commit(const thing& what, const std::string& captured, const std::string& lock = {},
                                 const std::string& body = "body", std::size_t largest_scope = 256) {
    return wait(where->commit(what.commit(captured, lock, body, 60s, largest_scope), limit)).value();
  }
  found look(const thing& what) { return wait(read_both(*where, what)).value(); }
  void invalidate(const thing& what) { EXPECT_TRUE(wait(where->invalidate({what.generation_key}, limit))); }
  std::size_t tidy(const thing& what) { return wait(where->tidy(what.generation_key, what.index_key, limit)).value(); }
  std::optional<std::string> get(const std::string& key) { return wait(where->get(key, limit)).value(); }
  void set(const std::string& key, const std::string& value = "v", std::chrono::milliseconds ttl = 60s) {
    EXPECT_TRUE(wait(where->set(key, value, ttl, limit)));
  }

  backend_home home;
  std::shared_ptr<backend> where;
  const thing first{"bookings", "1", "{}", where->keys()};
};

INSTANTIATE_TEST_SUITE_P(backends, backend_contract,
                         ::testing::Values(backend_kind::memory, backend_kind::redis, backend_kind::cluster), kind_name);

// sessions -------------------------------------------------------------------------------------------------------------

TEST_P(backend_contract, check_open_session_gives_the_identity_of_open) {
  const auto opened = wait(where->open()), checked = wait(where->check());
  ASSERT_TRUE(opened && checked);
  EXPECT_FALSE(opened->empty());
  EXPECT_EQ(*opened, *checked);
}

TEST_P(backend_contract, close_every_call_is_unavailable) {
  where->close();
  EXPECT_EQ(wait(where->check()).error(), errc::unavailable);
  EXPECT_EQ(wait(read_both(*where, first)).error(), errc::unavailable);
  EXPECT_EQ(wait(where->begin(first.begin("t", "r", "s."), limit)).error(), errc::unavailable);
  EXPECT_EQ(wait(where->commit(first.commit("s.r", "", "b"), limit)).error(), errc::unavailable);
  EXPECT_EQ(wait(where->release(first.lock_key, "s.r t", limit)).error(), errc::unavailable);
  EXPECT_EQ(wait(where->invalidate({first.generation_key}, limit)).error(), errc::unavailable);
  EXPECT_EQ(wait(where->tidy(first.generation_key, first.index_key, limit)).error(), errc::unavailable);
  EXPECT_EQ(wait(where->get("reprise:a", limit)).error(), errc::unavailable);
  EXPECT_EQ(wait(where->set("reprise:a", "v", 1s, limit)).error(), errc::unavailable);
  EXPECT_EQ(wait(where->del("reprise:a", limit)).error(), errc::unavailable);
  EXPECT_EQ(wait(where->del_pattern("reprise:*", limit)).error(), errc::unavailable);
  EXPECT_EQ(wait(where->scan("", "reprise:*", 10, limit)).error(), errc::unavailable);
}

TEST_P(backend_contract, open_after_close_works_again_with_the_same_identity) {
  const auto before = wait(where->check()).value();
  set("reprise:a", "kept");
  where->close();
  EXPECT_EQ(wait(where->open()).value(), before);
  EXPECT_EQ(get("reprise:a"), "kept");
}

TEST_P(backend_contract, address_names_where_it_is) { EXPECT_NE(where->address().find("://"), std::string::npos); }

// lookup, begin --------------------------------------------------------------------------------------------------------

TEST_P(backend_contract, lookup_nothing_stored_finds_neither) {
  const auto found = look(first);
  EXPECT_FALSE(found.generation);
  EXPECT_FALSE(found.entry);
}

TEST_P(backend_contract, begin_missing_generation_creates_it_with_the_stamp_and_locks) {
  const auto begun = begin(first, "t", "r1", "stamp.");
  EXPECT_EQ(begun.generation, "stamp.r1");
  EXPECT_TRUE(begun.locked);
  EXPECT_FALSE(begun.entry);
  EXPECT_EQ(look(first).generation, "stamp.r1");
}

TEST_P(backend_contract, begin_second_of_the_same_entry_gets_the_generation_without_the_lock) {
  begin(first, "t1", "r1");
  const auto second = begin(first, "t2", "r2");
  EXPECT_EQ(second.generation, "s.r1");
  EXPECT_FALSE(second.locked);
}

TEST_P(backend_contract, begin_another_entry_of_the_scope_gets_the_same_generation_and_its_own_lock) {
  begin(first, "t1", "r1");
  const auto other = begin(first.with_query("{\"page\":\"2\"}"), "t2", "r2");
  EXPECT_EQ(other.generation, "s.r1");
  EXPECT_TRUE(other.locked);
}

TEST_P(backend_contract, begin_with_another_stamp_replaces_the_generation_and_takes_the_lock_over) {
  begin(first, "t1", "r1", "old.");
  const auto second = begin(first, "t2", "r2", "new.");
  EXPECT_EQ(second.generation, "new.r2");
  EXPECT_TRUE(second.locked);
  EXPECT_EQ(commit(first, "old.r1"), backend::commit_outcome::generation_changed);
}

TEST_P(backend_contract, begin_after_invalidation_takes_over_a_lock_of_the_earlier_generation) {
  begin(first, "t1", "r1");
  invalidate(first);
  const auto second = begin(first, "t2", "r2");
  EXPECT_EQ(second.generation, "s.r2");
  EXPECT_TRUE(second.locked);
  // The first holder's late release does not drop the second one's lock.
  EXPECT_TRUE(wait(where->release(first.lock_key, "s.r1 t1", limit)));
  EXPECT_FALSE(begin(first, "t3", "r3").locked);
}

TEST_P(backend_contract, begin_entry_of_the_present_generation_is_returned_without_a_lock) {
  const auto begun = begin(first);
  ASSERT_EQ(commit(first, begun.generation, "s.r1 t", "answer"), backend::commit_outcome::stored);
  const auto again = begin(first, "t2", "r2");
  EXPECT_EQ(again.generation, "s.r1");
  EXPECT_FALSE(again.locked);
  ASSERT_TRUE(again.entry);
  EXPECT_EQ(core::decode_entry(again.entry->text)->body, "answer");
}

TEST_P(backend_contract, begin_entry_that_its_caller_may_not_use_is_as_good_as_none) {
  const auto begun = begin(first);
  ASSERT_EQ(commit(first, begun.generation, "s.r1 t", "answer"), backend::commit_outcome::stored);
  auto request = first.begin("t2", "r2", "s.");
  request.unusable = "RP1 s.r1 0 ";  // another entry, of another time
  EXPECT_TRUE(wait(where->begin(request, limit))->entry);
  const auto entry = wait(where->get(first.entry_key, limit)).value();
  request.unusable = core::beginning_of(*entry);
  const auto again = wait(where->begin(request, limit)).value();
  EXPECT_EQ(again.generation, "s.r1");
  EXPECT_TRUE(again.locked);
  EXPECT_FALSE(again.entry);
}

TEST_P(backend_contract, begin_entry_of_an_earlier_generation_is_not_returned) {
  const auto begun = begin(first);
  ASSERT_EQ(commit(first, begun.generation, "s.r1 t"), backend::commit_outcome::stored);
  invalidate(first);
  const auto again = begin(first, "t2", "r2");
  EXPECT_EQ(again.generation, "s.r2");
  EXPECT_TRUE(again.locked);
  EXPECT_FALSE(again.entry);
}

TEST_P(backend_contract, begin_expired_lock_is_free) {
  auto request = first.begin("t1", "r1", "s.");
  request.lock_ttl = 20ms;
  ASSERT_TRUE(wait(where->begin(request, limit)).value().locked);
  EXPECT_TRUE(eventually([&] { return begin(first, "t2", "r2").locked; }));
}

// commit, release ------------------------------------------------------------------------------------------------------

TEST_P(backend_contract, commit_under_the_captured_generation_is_stored) {
  const auto begun = begin(first);
  EXPECT_EQ(commit(first, begun.generation, "s.r1 t", "answer"), backend::commit_outcome::stored);
  const auto found = look(first);
  EXPECT_EQ(found.generation, "s.r1");
  ASSERT_TRUE(found.entry);
  EXPECT_EQ(core::decode_entry(*found.entry)->body, "answer");
}

TEST_P(backend_contract, commit_after_invalidation_is_rejected_and_stores_nothing) {
  const auto begun = begin(first);
  invalidate(first);
  EXPECT_EQ(commit(first, begun.generation, "s.r1 t"), backend::commit_outcome::generation_changed);
  EXPECT_FALSE(look(first).entry);
  EXPECT_FALSE(look(first).generation);
}

TEST_P(backend_contract, commit_after_invalidation_and_new_begin_is_rejected_and_leaves_the_new_entry) {
  const auto old = begin(first, "t1", "r1");
  invalidate(first);
  const auto fresh = begin(first, "t2", "r2");
  ASSERT_EQ(commit(first, fresh.generation, "s.r2 t2", "new"), backend::commit_outcome::stored);
  EXPECT_EQ(commit(first, old.generation, "s.r1 t1", "old"), backend::commit_outcome::generation_changed);
  EXPECT_EQ(core::decode_entry(*look(first).entry)->body, "new");
}

TEST_P(backend_contract, commit_binary_body_is_stored_as_it_is) {
  std::string body = "a\r\nb";
  body += '\0';
  body += "\xff$-1\r\n";
  const auto begun = begin(first);
  ASSERT_EQ(commit(first, begun.generation, "", body), backend::commit_outcome::stored);
  EXPECT_EQ(core::decode_entry(*look(first).entry)->body, body);
}

TEST_P(backend_contract, commit_every_outcome_drops_the_callers_lock) {
  const auto begun = begin(first, "t1");
  ASSERT_EQ(commit(first, begun.generation, "s.r1 t1"), backend::commit_outcome::stored);
  EXPECT_FALSE(get(first.lock_key)) << "stored";

  const auto second = first.with_query("{\"page\":\"2\"}");
  begin(second, "t2");
  ASSERT_EQ(commit(second, "s.r1", "s.r1 t2", "b", 1), backend::commit_outcome::scope_full);
  EXPECT_FALSE(get(second.lock_key)) << "scope full";

  begin(second, "t3");
  invalidate(first);
  ASSERT_EQ(commit(second, "s.r1", "s.r1 t3"), backend::commit_outcome::generation_changed);
  EXPECT_FALSE(get(second.lock_key)) << "generation changed";
}

TEST_P(backend_contract, commit_without_the_lock_leaves_another_ones_lock) {
  const auto begun = begin(first, "t1");
  ASSERT_EQ(commit(first, begun.generation, ""), backend::commit_outcome::stored);
  EXPECT_EQ(get(first.lock_key), "s.r1 t1");
}

TEST_P(backend_contract, release_by_its_holder_frees_it_and_by_another_does_not) {
  begin(first, "t1");
  EXPECT_TRUE(wait(where->release(first.lock_key, "s.r1 t2", limit)));
  EXPECT_FALSE(begin(first, "t3").locked);
  EXPECT_TRUE(wait(where->release(first.lock_key, "s.r1 t1", limit)));
  EXPECT_TRUE(begin(first, "t4").locked);
}

TEST_P(backend_contract, commit_at_the_limit_of_a_scope_is_full_but_a_present_entry_is_replaced) {
  const auto begun = begin(first);
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(commit(first.with_query("q" + std::to_string(i)), begun.generation, "", "b", 3), backend::commit_outcome::stored);
  EXPECT_EQ(commit(first.with_query("q3"), begun.generation, "", "b", 3), backend::commit_outcome::scope_full);
  EXPECT_FALSE(look(first.with_query("q3")).entry);
  EXPECT_EQ(commit(first.with_query("q1"), begun.generation, "", "again", 3), backend::commit_outcome::stored);
  EXPECT_EQ(core::decode_entry(*look(first.with_query("q1")).entry)->body, "again");
}

TEST_P(backend_contract, commit_expired_entries_do_not_count_towards_the_limit) {
  const auto begun = begin(first);
  for (int i = 0; i < 3; ++i) {
    const auto brief = first.with_query("q" + std::to_string(i)).commit(begun.generation, "", "b", 30ms, 3);
    ASSERT_EQ(wait(where->commit(brief, limit)).value(), backend::commit_outcome::stored);
  }
  // All three, and not only the first: they were not stored at the same moment.
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(eventually([&] { return !look(first.with_query("q" + std::to_string(i))).entry; }));
  EXPECT_TRUE(eventually([&] { return commit(first.with_query("q9"), begun.generation, "", "b", 3) == backend::commit_outcome::stored; }));
  // One that expired and comes back counts as new.
  EXPECT_EQ(commit(first.with_query("q8"), begun.generation, "", "b", 3), backend::commit_outcome::stored);
  EXPECT_EQ(commit(first.with_query("q7"), begun.generation, "", "b", 3), backend::commit_outcome::stored);
  EXPECT_EQ(commit(first.with_query("q0"), begun.generation, "", "b", 3), backend::commit_outcome::scope_full);
}

TEST_P(backend_contract, entry_past_its_ttl_is_gone_while_its_generation_stays) {
  const auto begun = begin(first);
  ASSERT_EQ(wait(where->commit(first.commit(begun.generation, "", "b", 20ms), limit)).value(), backend::commit_outcome::stored);
  EXPECT_TRUE(eventually([&] { return !look(first).entry; }));
  EXPECT_EQ(look(first).generation, begun.generation);
}

// invalidate, tidy -----------------------------------------------------------------------------------------------------

TEST_P(backend_contract, invalidate_one_scope_leaves_the_others) {
  const thing second{"bookings", "2", "{}", where->keys()};
  begin(first);
  begin(second);
  invalidate(first);
  EXPECT_FALSE(look(first).generation);
  EXPECT_TRUE(look(second).generation);
}

TEST_P(backend_contract, invalidate_unknown_and_no_scopes_succeeds_and_makes_no_keys) {
  invalidate(first);
  EXPECT_TRUE(wait(where->invalidate({}, limit)));
  EXPECT_EQ(wait(where->del_pattern("*", limit)).value(), 0u);
}

TEST_P(backend_contract, invalidate_more_than_two_chunks_removes_every_generation) {
  std::vector<std::string> keys;
  for (int i = 0; i < 1203; ++i) {
    const thing each{"bookings", std::to_string(i), "{}", where->keys()};
    set(each.generation_key, "s.r");
    keys.push_back(each.generation_key);
  }
  EXPECT_TRUE(wait(where->invalidate(keys, limit)));
  for (const auto& key : keys) ASSERT_FALSE(get(key)) << key;
}

TEST_P(backend_contract, tidy_after_invalidation_removes_all_entries_and_counts_them) {
  const auto begun = begin(first);
  for (int i = 0; i < 5; ++i) commit(first.with_query("q" + std::to_string(i)), begun.generation);
  invalidate(first);
  EXPECT_EQ(tidy(first), 5u);
  EXPECT_EQ(tidy(first), 0u);
  EXPECT_FALSE(look(first.with_query("q0")).entry);
}

TEST_P(backend_contract, tidy_keeps_entries_of_the_present_generation) {
  const auto old = begin(first, "t1", "r1");
  commit(first.with_query("old"), old.generation);
  commit(first.with_query("both"), old.generation);
  invalidate(first);
  const auto fresh = begin(first, "t2", "r2");
  commit(first.with_query("new"), fresh.generation);
  commit(first.with_query("both"), fresh.generation);
  EXPECT_EQ(tidy(first), 1u);
  EXPECT_FALSE(look(first.with_query("old")).entry);
  EXPECT_TRUE(look(first.with_query("new")).entry);
  EXPECT_TRUE(look(first.with_query("both")).entry);
}

TEST_P(backend_contract, tidy_unknown_scope_removes_nothing) { EXPECT_EQ(tidy(first), 0u); }

// the plain client -----------------------------------------------------------------------------------------------------

TEST_P(backend_contract, get_what_was_set_gives_it_and_del_removes_it_once) {
  EXPECT_FALSE(get("reprise:a"));
  set("reprise:a", "");
  EXPECT_EQ(get("reprise:a"), "");
  set("reprise:a", "two");
  EXPECT_EQ(get("reprise:a"), "two");
  EXPECT_TRUE(wait(where->del("reprise:a", limit)).value());
  EXPECT_FALSE(wait(where->del("reprise:a", limit)).value());
  EXPECT_FALSE(get("reprise:a"));
}

TEST_P(backend_contract, set_past_its_ttl_is_gone) {
  set("reprise:a", "v", 20ms);
  EXPECT_TRUE(eventually([&] { return !get("reprise:a"); }));
  EXPECT_FALSE(wait(where->del("reprise:a", limit)).value());
}

TEST_P(backend_contract, del_pattern_each_kind_of_glob_removes_what_it_matches) {
  const std::vector<std::string> names{"a",   "ab",   "abc", "b",    "*",   "a*c", "[ab]", "?",   "a-c",
                                       "a^c", "a\\c", "]",   "ab]c", "axc", "",    "a.c",  "a:b", "A"};
  const std::vector<std::pair<std::string, std::set<std::string>>> expected{
      {"*", {names.begin(), names.end()}},
      {"a?c", {"abc", "a*c", "a-c", "a^c", "a\\c", "axc", "a.c"}},
      {"[ab]", {"a", "b"}},
      {"[^a]", {"b", "*", "?", "]", "A"}},
      {"a[a-x]c", {"abc", "axc"}},
      {"a[x-a]c", {"abc", "axc"}},
      {"a[b\\-]c", {"abc", "a-c"}},
      {"\\*", {"*"}},
      {"\\?", {"?"}},
      {"\\[ab\\]", {"[ab]"}},
      {"a\\\\c", {"a\\c"}},
      {"a*c", {"abc", "a*c", "a-c", "a^c", "a\\c", "axc", "a.c", "ab]c"}},
      {"**", {names.begin(), names.end()}},
      {"*b*", {"ab", "abc", "b", "[ab]", "ab]c", "a:b"}},
      {"none", {}},
  };
  for (const auto& [pattern, matching] : expected) {
    for (const auto& name : names) set("reprise:" + name);
    EXPECT_EQ(wait(where->del_pattern("reprise:" + pattern, limit)).value(), matching.size()) << pattern;
    for (const auto& name : names) EXPECT_EQ(!get("reprise:" + name), matching.contains(name)) << pattern << " on " << name;
  }
}

TEST_P(backend_contract, del_pattern_escaped_text_matches_itself_alone) {
  const std::vector<std::string> names{"*", "a*", "[a-z]", "\\", "^", "?", "-", "ab", "x"};
  for (const auto& name : names) {
    for (const auto& each : names) set("reprise:" + each);
    EXPECT_EQ(wait(where->del_pattern("reprise:" + escape_pattern(name), limit)).value(), 1u) << name;
    EXPECT_FALSE(get("reprise:" + name)) << name;
  }
}

TEST_P(backend_contract, del_pattern_many_keys_removes_all_of_them_and_no_other) {
  for (int i = 0; i < 1500; ++i) set("reprise:many:" + std::to_string(i));
  set("reprise:other");
  EXPECT_EQ(wait(where->del_pattern("reprise:many:*", limit)).value(), 1500u);
  EXPECT_EQ(wait(where->del_pattern("*", limit)).value(), 1u);
}

// threads --------------------------------------------------------------------------------------------------------------

TEST_P(backend_contract, calls_from_every_io_thread_and_a_foreign_executor_agree) {
  io_threads foreign(1);
  std::vector<std::future<bool>> running;
  const auto work = [&](int number) -> asio::awaitable<bool> {
    bool good = true;
    for (int i = 0; i < 100; ++i) {
      const auto before = co_await asio::this_coro::executor;
      const auto key = "reprise:" + std::to_string(number) + "." + std::to_string(i);
      good = good && (co_await where->set(key, key, 60s, limit)).has_value();
      const auto got = co_await where->get(key, limit);
      good = good && got && *got == key;
      good = good && before == co_await asio::this_coro::executor;
    }
    co_return good;
  };
  for (int number = 0; number < 4; ++number) running.push_back(home.threads.start(work(number), static_cast<std::size_t>(number)));
  for (int number = 4; number < 6; ++number) running.push_back(foreign.start(work(number)));
  for (auto& each : running) EXPECT_TRUE(take(std::move(each)));
  EXPECT_EQ(wait(where->del_pattern("reprise:*", limit)).value(), 600u);
}

TEST_P(backend_contract, begin_from_many_coroutines_at_once_gives_one_lock_and_one_generation) {
  std::vector<std::future<result<backend::begun>>> running;
  std::vector<backend::begin_request> requests;
  for (int i = 0; i < 40; ++i) requests.push_back(first.begin("t" + std::to_string(i), "r" + std::to_string(i), "s."));
  for (std::size_t i = 0; i < requests.size(); ++i) running.push_back(home.threads.start(where->begin(requests[i], limit), i));
  std::set<std::string> generations;
  int locks = 0;
  for (auto& each : running) {
    const auto begun = take(std::move(each)).value();
    generations.insert(begun.generation);
    locks += begun.locked ? 1 : 0;
  }
  EXPECT_EQ(generations.size(), 1u);
  EXPECT_EQ(locks, 1);
}

}  // namespace
}  // namespace reprise::testing

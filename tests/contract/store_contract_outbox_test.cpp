// The contract of every store: what the cache needs of it.
#include "tests/support/store_harness.hpp"

#include <csignal>
#include <set>
#include <sys/wait.h>
#include <unistd.h>

namespace bookings::testing {
namespace {

using namespace std::chrono_literals;

std::vector<std::int64_t> numbers(const std::vector<outbox_row>& rows) {
  std::vector<std::int64_t> result;
  for (const auto& row : rows) result.push_back(row.number);
  return result;
}

class store_outbox : public store_contract {
 protected:
  // What the fixture wrote does not count. Nobody has claimed anything, so one acknowledgement deletes it, except the
  // newest row: a store may keep that one, to know which numbers it has given.
  void SetUp() override {
    store_contract::SetUp();
    const auto all = numbers(store_contract::rows());
    before_ = all.back();
    must(data->acknowledge_rows("first", all));
    ASSERT_LE(store_contract::rows().size(), 1u);
  }
  std::vector<outbox_row> rows() { return later(store_contract::rows()); }
  std::vector<outbox_row> pending(const std::string& identity, std::chrono::milliseconds at_least = 0ms,
                                  std::size_t limit = 1000) {
    return later(must(data->read_pass({identity, at_least, limit, {before_}})).rows);
  }
  std::vector<std::int64_t> write_row() {
    return numbers(must(data->update_gig(algebra.id, teacher.id, {})).rows);
  }
  std::int64_t before_ = 0;

 private:
  std::vector<outbox_row> later(std::vector<outbox_row> all) const {
    std::erase_if(all, [&](const auto& row) { return row.number <= before_; });
    return all;
  }
};
INSTANTIATE_TEST_SUITE_P(stores, store_outbox, ::testing::ValuesIn(store_kinds()),
                         [](const auto& each) { return each.param.name; });

// rows ---------------------------------------------------------------------------------------------------------------

TEST_P(store_outbox, read_pass_rows_are_oldest_first_and_limited) {
  const auto first = write_row(), second = write_row(), third = write_row();
  EXPECT_EQ(numbers(pending("a")), (std::vector{first[0], second[0], third[0]}));
  EXPECT_EQ(numbers(pending("a", 0ms, 2)), (std::vector{first[0], second[0]}));
  EXPECT_EQ(pending("a")[0].what, (change{change_kind::gig, algebra.id}));
}

TEST_P(store_outbox, read_pass_at_least_leaves_young_ones_out) {
  const auto old = write_row();
  harness->advance(1000ms);
  write_row();
  EXPECT_EQ(numbers(pending("a", 900ms)), old);
  EXPECT_EQ(pending("a", 0ms).size(), 2u);
  EXPECT_TRUE(pending("a", 5000ms).empty());
}

TEST_P(store_outbox, read_pass_clock_set_back_still_shows_old_ones) {
  const auto old = write_row();
  harness->advance(-10min);
  EXPECT_EQ(numbers(pending("a", 250ms)), old);
}

TEST_P(store_outbox, acknowledge_rows_by_one_of_two_leaves_them_to_the_other) {
  must(data->claim_identity("a"));
  must(data->claim_identity("b"));
  const auto row = write_row();
  must(data->acknowledge_rows("a", row));
  EXPECT_TRUE(pending("a").empty());
  EXPECT_EQ(numbers(pending("b")), row);
  const auto newer = write_row();
  EXPECT_EQ(numbers(rows()), (std::vector{row[0], newer[0]}));
  must(data->acknowledge_rows("b", row));
  EXPECT_EQ(numbers(rows()), newer);
}

TEST_P(store_outbox, acknowledge_rows_repeated_or_unknown_is_no_error) {
  must(data->claim_identity("a"));
  const auto row = write_row();
  must(data->acknowledge_rows("a", row));
  EXPECT_TRUE(data->acknowledge_rows("a", row));
  EXPECT_TRUE(data->acknowledge_rows("a", {999999}));
  EXPECT_TRUE(data->acknowledge_rows("a", {}));
}

TEST_P(store_outbox, acknowledge_rows_identity_not_claimed_for_an_hour_is_not_waited_for) {
  must(data->claim_identity("gone"));
  harness->advance(59min);
  must(data->claim_identity("a"));
  const auto row = write_row(), newer = write_row();
  must(data->acknowledge_rows("a", row));
  EXPECT_EQ(numbers(pending("gone")), (std::vector{row[0], newer[0]}));
  harness->advance(1min);
  must(data->acknowledge_rows("a", row));
  EXPECT_EQ(numbers(rows()), newer);
}

TEST_P(store_outbox, row_numbers_are_never_given_twice) {
  must(data->claim_identity("a"));
  const auto row = write_row();
  must(data->acknowledge_rows("a", row));
  auto newest = write_row();
  EXPECT_GT(newest[0], row[0]);
  must(data->acknowledge_rows("a", newest));
  data = harness->open();
  EXPECT_GT(write_row()[0], newest[0]);
}

// The last row of all is acknowledged: whoever comes later has nothing to repeat, whether or not the store keeps it.
TEST_P(store_outbox, acknowledged_newest_row_is_nobody_s_work) {
  must(data->claim_identity("a"));
  must(data->put_lease({"node", "a", 1, 0}));
  const auto row = write_row();
  must(data->acknowledge_rows("a", row));
  EXPECT_TRUE(pending("a").empty());
  EXPECT_EQ(must(data->outbox_backlog()).rows, 0);
  for (const auto& [number, who] : must(data->observe_cache(row)).acknowledged) EXPECT_EQ(who, texts{"a"}) << number;
  must(data->claim_identity("b"));
  EXPECT_TRUE(pending("b").empty());
  EXPECT_EQ(must(data->outbox_backlog()).rows, 0);
}

TEST_P(store_outbox, old_rows_nobody_waits_for_are_tidied_by_later_writes) {
  for (int i = 0; i < 10; ++i) write_row();
  harness->advance(61min);
  for (int i = 0; i < 100; ++i) write_row();
  EXPECT_LE(rows().size(), 100u);
}

TEST_P(store_outbox, old_rows_a_claimed_identity_waits_for_stay) {
  must(data->claim_identity("a"));
  const auto row = write_row();
  for (int i = 0; i < 7; ++i) {
    must(data->claim_identity("a"));
    harness->advance(20min);
  }
  must(data->claim_identity("a"));
  for (int i = 0; i < 100; ++i) write_row();
  EXPECT_EQ(pending("a").at(0).number, row[0]);
  EXPECT_EQ(pending("a").size(), 101u);
}

TEST_P(store_outbox, backlog_counts_what_a_claimed_identity_waits_for) {
  write_row();
  EXPECT_EQ(must(data->outbox_backlog()).rows, 0);  // nobody waits
  must(data->claim_identity("a"));
  EXPECT_EQ(must(data->outbox_backlog()).rows, 0);
  write_row();
  harness->advance(5s);
  write_row();
  const auto waiting = must(data->outbox_backlog());
  EXPECT_EQ(waiting.rows, 2);
  EXPECT_GE(waiting.oldest, 5s);
  EXPECT_LT(waiting.oldest, 65s);
  must(data->acknowledge_rows("a", numbers(rows())));
  EXPECT_EQ(must(data->outbox_backlog()).rows, 0);
  EXPECT_EQ(must(data->outbox_backlog()).oldest, 0ms);
}

// identities ---------------------------------------------------------------------------------------------------------

TEST_P(store_outbox, claim_identity_within_the_hour_keeps_its_nonce) {
  const auto nonce = must(data->claim_identity("a"));
  EXPECT_FALSE(nonce.empty());
  for (int i = 0; i < 4; ++i) {
    harness->advance(59min);
    EXPECT_EQ(must(data->claim_identity("a")), nonce);
  }
}

TEST_P(store_outbox, claim_identity_after_an_hour_draws_another_nonce) {
  const auto nonce = must(data->claim_identity("a"));
  harness->advance(61min);
  const auto second = must(data->claim_identity("a"));
  EXPECT_NE(second, nonce);
  EXPECT_EQ(must(data->claim_identity("a")), second);
}

// What its Redis holds is dead by the nonce, so it need not repeat what was written before.
TEST_P(store_outbox, claim_identity_with_a_new_nonce_acknowledges_all_that_is_there) {
  must(data->claim_identity("other"));
  const auto before = write_row();
  must(data->claim_identity("a"));
  const auto after = write_row();
  EXPECT_EQ(numbers(pending("a")), after);
  EXPECT_EQ(must(data->observe_cache(before)).acknowledged.at(before[0]), texts{"a"});
  EXPECT_EQ(numbers(pending("other")), (std::vector{before[0], after[0]}));
  must(data->claim_identity("a"));  // again: what it has not acknowledged stays so
  EXPECT_EQ(numbers(pending("a")), after);
  must(data->acknowledge_rows("other", before));
  EXPECT_EQ(numbers(rows()), after);
}

TEST_P(store_outbox, acknowledge_rows_out_of_order_leaves_out_exactly_those) {
  must(data->claim_identity("a"));
  must(data->claim_identity("b"));
  std::vector<std::int64_t> all;
  for (int i = 0; i < 6; ++i) all.push_back(write_row()[0]);
  must(data->acknowledge_rows("a", {all[1], all[4]}));
  EXPECT_EQ(numbers(pending("a")), (std::vector{all[0], all[2], all[3], all[5]}));
  must(data->acknowledge_rows("a", {all[0]}));
  EXPECT_EQ(numbers(pending("a")), (std::vector{all[2], all[3], all[5]}));
  must(data->acknowledge_rows("a", {all[2], all[3]}));
  EXPECT_EQ(numbers(pending("a")), (std::vector{all[5]}));
  EXPECT_EQ(numbers(pending("b")), all);
  const auto seen = must(data->observe_cache(all)).acknowledged;
  for (const auto number : all) EXPECT_EQ(seen.at(number), number == all[5] ? texts{} : texts{"a"});
  must(data->acknowledge_rows("b", all));
  EXPECT_EQ(numbers(rows()), (std::vector{all[5]}));
  EXPECT_TRUE(pending("b").empty());
}

TEST_P(store_outbox, acknowledge_rows_takes_very_many) {
  must(data->claim_identity("a"));
  std::vector<std::int64_t> all;
  for (int i = 0; i < 1200; ++i) all.push_back(must(data->append_row({change_kind::user_bookings, student.id})).number);
  const auto newer = write_row();
  must(data->acknowledge_rows("a", all));
  EXPECT_EQ(numbers(rows()), newer);
}

TEST_P(store_outbox, claim_identity_others_have_other_nonces) {
  EXPECT_NE(must(data->claim_identity("a")), must(data->claim_identity("b")));
}

TEST_P(store_outbox, claim_identity_from_two_stores_gives_one_nonce) {
  const auto other = harness->open();
  EXPECT_EQ(must(data->claim_identity("a")), must(other->claim_identity("a")));
}

// A clock that jumps forward makes a row go that "a" had not acknowledged. When the clock is right again, "a" must not
// find its old nonce: what its Redis holds has missed that row.
TEST_P(store_outbox, claim_identity_after_rows_went_without_it_draws_another_nonce_whatever_the_clock) {
  const auto nonce = must(data->claim_identity("a"));
  const auto row = write_row();
  const auto newer = write_row();
  harness->advance(2h);
  must(data->acknowledge_rows("b", row));
  EXPECT_EQ(numbers(pending("a")), newer);
  harness->advance(-2h);
  EXPECT_NE(must(data->claim_identity("a")), nonce);
}

// epochs -------------------------------------------------------------------------------------------------------------

TEST_P(store_outbox, bump_cache_epoch_raises_the_store_s_and_the_prefix_s) {
  const auto epochs = [&] { return must(data->read_pass({"a"})).epochs; };
  EXPECT_TRUE(epochs().empty());
  EXPECT_EQ(must(data->bump_cache_epoch("gigs")), 1);
  EXPECT_EQ(must(data->bump_cache_epoch("bookings")), 2);
  EXPECT_EQ(must(data->bump_cache_epoch("gigs")), 3);
  EXPECT_EQ(epochs(), (std::map<std::string, std::int64_t>{{"bookings", 2}, {"gigs", 3}}));
  EXPECT_EQ(must(data->read_pass({"a"})).epoch, 3);
}

// passes -------------------------------------------------------------------------------------------------------------

TEST_P(store_outbox, read_pass_says_the_nonce_only_while_the_identity_is_claimed) {
  EXPECT_EQ(must(data->read_pass({"a"})).nonce, "");
  const auto nonce = must(data->claim_identity("a"));
  EXPECT_EQ(must(data->read_pass({"a"})).nonce, nonce);
  harness->advance(61min);
  must(data->claim_identity("b"));
  EXPECT_EQ(must(data->read_pass({"a"})).nonce, "");
}

TEST_P(store_outbox, read_pass_leaves_out_what_the_caller_has_in_hand_and_says_whether_more_is_there) {
  const auto first = write_row(), second = write_row(), third = write_row();
  const auto pass = must(data->read_pass({"a", 0ms, 1, {before_, second[0]}}));
  EXPECT_EQ(numbers(pass.rows), first);
  EXPECT_FALSE(pass.is_last);
  const auto rest = must(data->read_pass({"a", 0ms, 2, {before_, second[0]}}));
  EXPECT_EQ(numbers(rest.rows), (std::vector{first[0], third[0]}));
  EXPECT_TRUE(rest.is_last);
}

TEST_P(store_outbox, read_pass_shows_a_young_row_whose_writer_waits) {
  write_row();
  const auto second = write_row();
  must(data->await_rows(second));
  EXPECT_EQ(numbers(pending("a", 5000ms)), second);
}

TEST_P(store_outbox, append_row_is_a_row_like_any_other) {
  const auto row = must(data->append_row({change_kind::scope, "bookings:user:" + student.id}));
  EXPECT_EQ(pending("a").back().number, row.number);
  EXPECT_EQ(pending("a").back().what, row.what);
}

// leases -------------------------------------------------------------------------------------------------------------

TEST_P(store_outbox, put_lease_of_a_greater_count_alone_takes_effect) {
  EXPECT_TRUE(must(data->put_lease({"node", "a", 5, 0})));
  EXPECT_FALSE(must(data->put_lease({"node", "b", 5, 0})));
  EXPECT_FALSE(must(data->put_lease({"node", "b", 4, 0})));
  EXPECT_TRUE(must(data->put_lease({"node", "", 6, 7})));
  const auto seen = must(harness->open()->observe_cache({}));  // another process on the same data
  ASSERT_EQ(seen.leases.size(), 1u);
  EXPECT_EQ(seen.leases[0].node, "node");
  EXPECT_EQ(seen.leases[0].identity, "");
  EXPECT_EQ(seen.leases[0].count, 6);
  EXPECT_EQ(seen.leases[0].epoch, 7);
}

TEST_P(store_outbox, observe_cache_shows_who_has_acknowledged_rows_that_are_there) {
  must(data->claim_identity("a"));
  must(data->claim_identity("b"));
  const auto first = write_row(), second = write_row();
  write_row();
  must(data->acknowledge_rows("a", first));
  must(data->acknowledge_rows("a", second));
  must(data->acknowledge_rows("b", second));
  const auto seen = must(data->observe_cache({first[0], second[0]}));
  EXPECT_EQ(seen.acknowledged, (std::map<std::int64_t, std::vector<std::string>>{{first[0], {"a"}}}));
}

TEST_P(store_outbox, identity_that_a_lease_names_is_not_forgotten_whatever_the_clock) {
  const auto nonce = must(data->claim_identity("a"));
  must(data->put_lease({"node", "a", 1, 0}));
  const auto row = write_row(), newer = write_row();
  harness->advance(3h);
  must(data->acknowledge_rows("b", row));
  EXPECT_EQ(numbers(pending("a")), (std::vector{row[0], newer[0]}));
  EXPECT_EQ(must(data->read_pass({"a"})).nonce, nonce);
  must(data->put_lease({"node", "", 2, 0}));
  must(data->acknowledge_rows("b", row));
  EXPECT_EQ(numbers(pending("a")), newer);
}

TEST_P(store_outbox, lease_is_taken_while_a_long_write_of_another_process_is_under_way) {
  const auto held = harness->hold_a_write();
  EXPECT_TRUE(must(data->put_lease({"node", "a", 1, 0})));
  EXPECT_TRUE(pending("a").empty());
}

// durability ---------------------------------------------------------------------------------------------------------

TEST_P(store_outbox, reopened_store_keeps_everything) {
  const auto nonce = must(data->claim_identity("a"));
  const auto booked = book(algebra.id);
  must(data->bump_cache_epoch("gigs"));
  const auto waiting = numbers(pending("a"));
  EXPECT_FALSE(waiting.empty());
  data.reset();
  data = harness->open();
  EXPECT_EQ(must(data->find_booking(booked.row.id)).row.id, booked.row.id);
  EXPECT_EQ(must(data->claim_identity("a")), nonce);
  EXPECT_EQ(must(data->read_pass({"a"})).epochs.at("gigs"), 1);
  EXPECT_EQ(numbers(pending("a")), waiting);
}

TEST_P(store_outbox, write_of_a_killed_process_has_its_row) {
  data.reset();  // nothing of this process's store goes into the child
  const auto child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto own = harness->open();
    const auto written = own->update_gig(algebra.id, teacher.id, {.title = "Written, then killed"});
    if (written) std::raise(SIGKILL);
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

  data = harness->open();
  EXPECT_EQ(must(data->find_gig(algebra.id)).title, "Written, then killed");
  ASSERT_EQ(pending("a").size(), 1u);
  EXPECT_EQ(pending("a")[0].what, (change{change_kind::gig, algebra.id}));
}

}  // namespace
}  // namespace bookings::testing

// Kept replies: what every store must do with requests that are repeated.
#include "tests/support/store_harness.hpp"

#include <atomic>
#include <thread>

namespace bookings::testing {
namespace {

class store_contract_repetitions : public store_contract {
 protected:
  repetition_key key(std::string text = "k", std::string body = "{}") const {
    return {student.id, "POST /api/bookings", std::move(text), fingerprint_of(body)};
  }
  // Books the algebra gig, and answers with the booking's id.
  once_act book_once(int day = 3) {
    return [this, day](store& s) -> result<committed<kept_reply>> {
      ++calls;
      auto done = s.create_booking(a_booking(student.id, algebra.id, at(day)));
      if (!done) return done.error();
      return committed<kept_reply>{{201, done->value.row.id}, done->rows, done->shown_in};
    };
  }
  std::int64_t bookings() { return must(data->list_bookings({.user_id = student.id})).total; }

  std::atomic<int> calls{0};
};

TEST_P(store_contract_repetitions, second_time_gives_what_the_first_gave_and_writes_nothing) {
  const auto first = must(data->once(key(), book_once()));
  const auto again = must(data->once(key(), book_once()));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(bookings(), 1);
  EXPECT_FALSE(first.value.is_repeated);
  EXPECT_TRUE(again.value.is_repeated);
  EXPECT_EQ(again.value.status, 201u);
  EXPECT_EQ(again.value.body, first.value.body);
  EXPECT_EQ(must(data->find_kept_reply(key())).value.body, first.value.body);
}

TEST_P(store_contract_repetitions, rows_of_the_write_are_named_while_they_are_there) {
  const auto first = must(data->once(key(), book_once()));
  ASSERT_EQ(first.rows.size(), 2u);
  const auto named = [&] {
    std::vector<std::int64_t> numbers;
    for (const auto& row : must(data->find_kept_reply(key())).rows) numbers.push_back(row.number);
    return numbers;
  };
  EXPECT_EQ(named(), (std::vector<std::int64_t>{first.rows[0].number, first.rows[1].number}));
  must(data->claim_identity("redis a"));
  must(data->acknowledge_rows("redis a", {first.rows[0].number}));
  EXPECT_EQ(named(), (std::vector<std::int64_t>{first.rows[1].number}));
}

TEST_P(store_contract_repetitions, failed_write_keeps_nothing) {
  const auto refuse = [](store&) -> result<committed<kept_reply>> { return errc::overlap; };
  EXPECT_EQ(data->once(key(), refuse).error(), errc::overlap);
  EXPECT_EQ(data->find_kept_reply(key()).error(), errc::not_found);
  // Also where the write itself went well.
  const auto write_and_fail = [this](store& s) -> result<committed<kept_reply>> {
    must(s.create_booking(a_booking(student.id, algebra.id, at(3))));
    return errc::internal;
  };
  const auto before = rows().size();
  EXPECT_EQ(data->once(key(), write_and_fail).error(), errc::internal);
  EXPECT_EQ(bookings(), 0);
  EXPECT_EQ(rows().size(), before);
  EXPECT_FALSE(must(data->once(key(), book_once())).value.is_repeated);
}

TEST_P(store_contract_repetitions, another_body_is_a_mismatch) {
  must(data->once(key(), book_once()));
  EXPECT_EQ(data->once(key("k", "{ }"), book_once()).error(), errc::idempotency_mismatch);
  EXPECT_EQ(data->find_kept_reply(key("k", "{ }")).error(), errc::idempotency_mismatch);
  EXPECT_EQ(bookings(), 1);
}

TEST_P(store_contract_repetitions, users_routes_and_keys_are_apart) {
  must(data->once(key(), book_once(3)));
  auto other_user = key(), other_route = key();
  other_user.user_id = teacher.id;
  other_route.route = "POST /api/gigs";
  for (const auto& each : {other_user, other_route, key("K")}) {
    EXPECT_EQ(data->find_kept_reply(each).error(), errc::not_found);
    EXPECT_FALSE(must(data->once(each, book_once(4))).value.is_repeated);
  }
  EXPECT_EQ(bookings(), 4);
}

TEST_P(store_contract_repetitions, after_a_day_a_key_is_free_again) {
  must(data->once(key(), book_once(3)));
  harness->advance(kept_for - std::chrono::minutes(1));
  EXPECT_TRUE(must(data->once(key(), book_once(3))).value.is_repeated);
  harness->advance(std::chrono::minutes(1));
  EXPECT_EQ(data->find_kept_reply(key()).error(), errc::not_found);
  EXPECT_FALSE(must(data->once(key("k", "another body"), book_once(4))).value.is_repeated);
  EXPECT_EQ(bookings(), 2);
}

TEST_P(store_contract_repetitions, deleted_account_leaves_none_behind) {
  must(data->once(key(), book_once()));
  must(data->delete_account(student.id, "no password", must(data->find_user(student.id)).token_version));
  EXPECT_EQ(data->find_kept_reply(key()).error(), errc::not_found);
}

TEST_P(store_contract_repetitions, of_many_at_once_through_two_stores_one_writes) {
  const auto other = harness->open();
  for (int round = 0; round < 10; ++round) {
    const auto before = bookings();
    std::atomic<int> fresh{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&, i] {
        auto& through = i % 2 == 0 ? *data : *other;
        if (!must(through.once(key("round " + std::to_string(round)), book_once(3))).value.is_repeated) ++fresh;
      });
    for (auto& each : threads) each.join();
    EXPECT_EQ(fresh, 1);
    EXPECT_EQ(bookings(), before + 1);
  }
}

INSTANTIATE_TEST_SUITE_P(stores, store_contract_repetitions, ::testing::ValuesIn(store_kinds()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace bookings::testing

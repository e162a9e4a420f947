// The contract of every store: rules that must hold between threads, and between stores on the same data.
#include "tests/support/store_harness.hpp"

#include <atomic>
#include <latch>
#include <set>
#include <thread>

namespace bookings::testing {
namespace {

using enum booking_status;

// Runs `act(0)` to `act(count - 1)`, each in a thread, all begun at the same moment.
void at_once(int count, const std::function<void(int)>& act) {
  std::latch start(count);
  std::vector<std::jthread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      act(i);
    });
  }
}

TEST_P(store_contract, create_user_fifty_at_once_with_one_email_one_wins) {
  const auto second = harness->open();
  std::atomic<int> won{0}, taken{0};
  at_once(50, [&](int i) {
    const auto outcome = (i % 2 ? data : second)->create_user(a_user("wanted@example.com"));
    if (outcome) ++won;
    else if (outcome.error() == errc::email_taken) ++taken;
  });
  EXPECT_EQ(won, 1);
  EXPECT_EQ(taken, 49);
}

TEST_P(store_contract, change_booking_status_accepting_overlaps_at_once_one_wins) {
  const auto second = harness->open();
  for (int day = 1; day <= 10; ++day) {
    std::vector<id> ids;
    for (int i = 0; i < 8; ++i) {  // each overlaps all others
      ids.push_back(must(data->create_booking(a_booking(student.id, algebra.id, at(day, 10, 5 * i)))).value.row.id);
    }
    std::atomic<int> won{0}, refused{0};
    at_once(8, [&](int i) {
      const auto outcome = (i % 2 ? data : second)->change_booking_status(ids[i], teacher.id, accepted);
      if (outcome) ++won;
      else if (outcome.error() == errc::overlap) ++refused;
    });
    EXPECT_EQ(won, 1);
    EXPECT_EQ(refused, 7);
  }
  EXPECT_EQ(must(data->list_bookings({.user_id = student.id, .status = accepted})).total, 10);
}

TEST_P(store_contract, change_booking_status_accept_and_cancel_at_once_one_wins) {
  const auto second = harness->open();
  for (int i = 0; i < 10; ++i) {
    const auto booked = book(algebra.id);
    std::atomic<int> accepted_first{0}, rejected_first{0};
    at_once(2, [&](int who) {
      const auto outcome =
          (who ? data : second)->change_booking_status(booked.row.id, teacher.id, who ? accepted : rejected);
      if (outcome) ++(who ? accepted_first : rejected_first);
    });
    EXPECT_EQ(accepted_first + rejected_first, 1);  // from either there is no way to the other
  }
}

TEST_P(store_contract, create_review_at_once_for_one_booking_one_wins) {
  const auto second = harness->open();
  const auto booked = book(algebra.id, completed).row;
  std::atomic<int> won{0}, refused{0};
  at_once(16, [&](int i) {
    const auto outcome = (i % 2 ? data : second)->create_review(a_review(booked, 1 + i % 5));
    if (outcome) ++won;
    else if (outcome.error() == errc::already_reviewed) ++refused;
  });
  EXPECT_EQ(won, 1);
  EXPECT_EQ(refused, 15);
  EXPECT_EQ(must(data->list_reviews({review_subject::gig, algebra.id})).total, 1);
}

TEST_P(store_contract, create_manual_payment_at_once_one_wins_for_a_booking_and_for_a_transaction) {
  const auto second = harness->open();
  const auto contested = book(algebra.id, accepted).row;
  std::vector<booking> others;
  for (int i = 0; i < 8; ++i) others.push_back(book(guitar.id, accepted).row);
  std::atomic<int> for_booking{0}, pending_already{0}, for_transaction{0}, used{0};
  at_once(16, [&](int i) {
    store& into = i % 2 ? *data : *second;
    if (i < 8) {
      const auto outcome = into.create_manual_payment(a_payment(contested, "OWN" + std::to_string(i)));
      if (outcome) ++for_booking;
      else if (outcome.error() == errc::wrong_state) ++pending_already;
    } else {
      const auto outcome = into.create_manual_payment(a_payment(others[i - 8], "SHARED"));
      if (outcome) ++for_transaction;
      else if (outcome.error() == errc::transaction_used) ++used;
    }
  });
  EXPECT_EQ(for_booking, 1);
  EXPECT_EQ(pending_already, 7);
  EXPECT_EQ(for_transaction, 1);
  EXPECT_EQ(used, 7);
}

TEST_P(store_contract, decide_manual_payment_at_once_one_wins_and_the_booking_agrees) {
  const auto second = harness->open();
  for (int i = 0; i < 10; ++i) {
    const auto booked = book(algebra.id, accepted).row;
    const auto paid = must(data->create_manual_payment(a_payment(booked, "TRX" + std::to_string(i)))).value.row;
    std::atomic<int> verified{0}, rejected_count{0};
    at_once(2, [&](int who) {
      const auto wanted = who ? manual_payment_status::verified : manual_payment_status::rejected;
      const auto outcome = (who ? data : second)->decide_manual_payment(paid.id, {make_id(), wanted});
      if (outcome) ++(who ? verified : rejected_count);
    });
    EXPECT_EQ(verified + rejected_count, 1);
    EXPECT_EQ(must(data->find_booking(booked.id)).row.payment,
              verified ? payment_status::paid : payment_status::unpaid);
  }
  EXPECT_EQ(must(data->list_trail({})).total, 10);
}

TEST_P(store_contract, claim_identity_at_once_from_two_stores_gives_one_nonce) {
  const auto second = harness->open();
  std::mutex mutex;
  std::set<std::string> nonces;
  at_once(16, [&](int i) {
    const auto nonce = (i % 2 ? data : second)->claim_identity("one");
    const std::scoped_lock lock(mutex);
    nonces.insert(nonce ? *nonce : "failed");
  });
  EXPECT_EQ(nonces.size(), 1u);
  EXPECT_FALSE(nonces.contains("failed"));
}

// Total and rows of a page are of one moment, and a read begun after a write was acknowledged shows it.
TEST_P(store_contract, list_bookings_while_others_write_is_of_one_moment_and_never_old) {
  const auto second = harness->open();
  std::atomic<std::int64_t> acknowledged{0};
  std::atomic<bool> done{false};
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&, i] {
      store& from = i % 2 ? *data : *second;
      while (!done) {
        const auto before = acknowledged.load();
        const auto list = from.list_bookings({.user_id = student.id, .page = {1, 100}});
        if (!list) {
          ADD_FAILURE() << list.error().message();
          return;
        }
        EXPECT_EQ(list->total, static_cast<std::int64_t>(list->rows.size()));
        EXPECT_GE(list->total, before);
      }
    });
  }
  for (int i = 0; i < 90; ++i) {
    book(algebra.id);
    ++acknowledged;
  }
  done = true;
}

TEST_P(store_contract, open_at_once_all_succeed) {
  const auto fresh = GetParam().make();
  std::atomic<int> opened{0};
  at_once(8, [&](int) {
    const auto store = fresh->open();
    if (store->check()) ++opened;
  });
  EXPECT_EQ(opened, 8);
}

}  // namespace
}  // namespace bookings::testing

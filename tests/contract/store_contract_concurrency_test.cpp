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

// The contract of every store: payments through the gateway. The rules are the domain's (domain_gateway_payment_test.cpp);
// here, that a step, its booking, the trail and the outbox change together or not at all.
#include "tests/support/store_harness.hpp"

#include <atomic>
#include <thread>

namespace bookings::testing {
namespace {

using enum gateway_payment_status;
using namespace std::chrono_literals;

gateway_payment a_gateway_payment(const booking& of, time_point due = at(5)) {
  gateway_payment wanted;
  wanted.id = make_id();
  wanted.booking_id = of.id;
  wanted.student_id = of.student_id;
  wanted.amount = of.price;
  wanted.customer = {"Rahim Uddin", "rahim@example.com", "01711000000", "Road 1", "Dhaka", "1205", "Bangladesh"};
  wanted.created_at = wanted.updated_at = at(5);
  wanted.due_at = due;
  return wanted;
}

gateway_transaction money_for(const gateway_payment& what) {
  gateway_transaction said;
  said.transaction_id = transaction_id_of(what);
  said.status = gateway_status::valid;
  said.amount = what.amount;
  said.currency = currency;
  said.bank_transaction_id = "BANK1";
  said.risk_level = "0";
  return said;
}

class store_gateway_payments : public store_contract {
 protected:
  void SetUp() override {
    store_contract::SetUp();
    booked = book(algebra.id, booking_status::accepted).row;
  }
  payment_status payment_of(const booking& which) { return must(data->find_booking(which.id)).row.payment; }
  gateway_payment start(const booking& which, time_point due = at(5)) {
    return must(data->create_gateway_payment(a_gateway_payment(which, due))).value;
  }
  gateway_payment found(const gateway_payment& what) { return must(data->find_gateway_payment(what.id)); }
  gateway_payment change(const gateway_payment& what, const gateway_step& step) {
    return must(data->change_gateway_payment(what.id, step)).value.payment;
  }
  gateway_payment begin(const gateway_payment& what) {
    return change(what, [](const auto& p, const auto&) { return begin_attempt(p, at(5)); });
  }
  gateway_payment pay(const gateway_payment& what) {
    return change(what, [](const auto& p, const auto& of) {
      return note_transaction(p, of, money_for(p), expectation_of(p, transaction_id_of(p)), at(6));
    });
  }
  texts both_parties() const { return {"user_bookings:" + student.id, "user_bookings:" + teacher.id}; }

  const id admin = make_id();
  booking booked;
};
INSTANTIATE_TEST_SUITE_P(stores, store_gateway_payments, ::testing::ValuesIn(store_kinds()),
                         [](const auto& each) { return each.param.name; });

TEST_P(store_gateway_payments, create_makes_the_booking_pending_for_both_parties_and_keeps_everything) {
  const auto wanted = a_gateway_payment(booked);
  EXPECT_EQ(rows_of([&] { must(data->create_gateway_payment(wanted)); }), both_parties());
  EXPECT_EQ(payment_of(booked), payment_status::pending);
  EXPECT_EQ(found(wanted), wanted);
}

TEST_P(store_gateway_payments, create_refused_changes_nothing) {
  const auto waiting = book(algebra.id).row;
  EXPECT_EQ(rows_of([&] {
              auto wrong = a_gateway_payment(booked);
              wrong.amount.hundredths += 1;
              EXPECT_EQ(data->create_gateway_payment(wrong).error(), errc::unprocessable);
              wrong = a_gateway_payment(booked);
              wrong.student_id = teacher.id;
              EXPECT_EQ(data->create_gateway_payment(wrong).error(), errc::not_found);
              EXPECT_EQ(data->create_gateway_payment(a_gateway_payment(waiting)).error(), errc::wrong_state);
              EXPECT_EQ(data->find_gateway_payment(wrong.id).error(), errc::not_found);
            }), (texts{}));
  EXPECT_EQ(payment_of(booked), payment_status::unpaid);
}

TEST_P(store_gateway_payments, one_payment_is_under_way_for_a_booking) {
  start(booked);
  EXPECT_EQ(data->create_gateway_payment(a_gateway_payment(booked)).error(), errc::wrong_state);
  EXPECT_EQ(data->create_manual_payment(a_payment(booked)).error(), errc::wrong_state);
}

TEST_P(store_gateway_payments, of_many_that_start_at_once_one_is_written) {
  constexpr int all = 6;
  std::atomic<int> written = 0;
  std::vector<std::thread> writers;
  for (int i = 0; i < all; ++i)
    writers.emplace_back([&] {
      const auto other = harness->open();
      if (other->create_gateway_payment(a_gateway_payment(booked))) ++written;
    });
  for (auto& each : writers) each.join();
  EXPECT_EQ(written, 1);
}

TEST_P(store_gateway_payments, a_step_is_written_as_it_is) {
  auto payment = start(booked);
  EXPECT_EQ(rows_of([&] { payment = begin(payment); }), (texts{}));
  EXPECT_EQ(payment.attempts, 1);
  EXPECT_EQ(found(payment), payment);
  payment = change(payment, [](const auto& p, const auto&) {
    return note_session(p, 1, "https://gateway.example/pay", "KEY", at(5, 11));
  });
  EXPECT_EQ(payment.status, initiated);
  EXPECT_FALSE(payment.customer);
  EXPECT_EQ(found(payment), payment);
}

TEST_P(store_gateway_payments, money_makes_the_booking_paid_for_both_parties) {
  const auto payment = begin(start(booked));
  gateway_payment settled;
  EXPECT_EQ(rows_of([&] { settled = pay(payment); }), both_parties());
  EXPECT_EQ(settled.status, paid);
  EXPECT_EQ(found(payment), settled);
  EXPECT_EQ(payment_of(booked), payment_status::paid);
  EXPECT_EQ(rows_of([&] { pay(payment); }), (texts{})) << "told again, it changes nothing";
}

TEST_P(store_gateway_payments, a_step_that_is_refused_changes_nothing) {
  const auto payment = start(booked);
  EXPECT_EQ(rows_of([&] {
              EXPECT_EQ(data->change_gateway_payment(payment.id, [&](const auto& p, const auto& of) {
                          return release(p, of, admin, {}, at(6));
                        }).error(), errc::wrong_state);
              EXPECT_EQ(data->change_gateway_payment(make_id(), [](const auto& p, const auto&) {
                          return begin_attempt(p, at(5));
                        }).error(), errc::not_found);
            }), (texts{}));
  EXPECT_EQ(found(payment), payment);
  EXPECT_EQ(must(data->list_trail({})).total, 0);
}

TEST_P(store_gateway_payments, a_refund_is_in_the_trail_and_frees_nothing_before_the_gateway_has_paid_back) {
  const auto payment = pay(begin(start(booked)));
  auto refunded_one = change(payment, [&](const auto& p, const auto&) { return begin_refund(p, admin, "ill", at(7)); });
  EXPECT_EQ(refunded_one.status, refunding);
  EXPECT_EQ(found(payment), refunded_one);
  EXPECT_EQ(payment_of(booked), payment_status::paid);
  const auto trail = must(data->list_trail({}));
  ASSERT_EQ(trail.rows.size(), 1u);
  EXPECT_EQ(trail.rows[0].what, (act{admin, trail_action::refund, trail_subject::payment, payment.id, "ill"}));
  gateway_refund said;
  said.status = gateway_refund_status::refunded;
  said.reference = "REF1";
  EXPECT_EQ(rows_of([&] {
              refunded_one = change(payment, [&](const auto& p, const auto&) { return note_refund(p, said, at(8)); });
            }), both_parties());
  EXPECT_EQ(found(payment), refunded_one);
  EXPECT_EQ(payment_of(booked), payment_status::refunded);
}

TEST_P(store_gateway_payments, list_is_everybody_s_or_a_student_s_by_status) {
  const auto waiting = start(booked);
  const auto done = pay(begin(start(book(guitar.id, booking_status::accepted).row)));
  const auto ids = [&](const gateway_payment_query& query) {
    texts them;
    for (const auto& each : must(data->list_gateway_payments(query)).rows) them.push_back(each.id);
    return sorted(them);
  };
  EXPECT_EQ(ids({}), sorted({waiting.id, done.id}));
  EXPECT_EQ(ids({.student_id = student.id}), sorted({waiting.id, done.id}));
  EXPECT_EQ(ids({.student_id = teacher.id}), (texts{}));
  EXPECT_EQ(ids({.student_id = student.id, .status = paid}), (texts{done.id}));
  EXPECT_EQ(ids({.status = queued, .page = {1, 1}}), (texts{waiting.id}));
}

TEST_P(store_gateway_payments, what_is_due_is_handed_out_once_and_again_when_nothing_came_of_it) {
  const auto first = start(booked, at(5, 10)), second = start(book(guitar.id, booking_status::accepted).row, at(5, 9));
  const auto later = start(book(guitar.id, booking_status::accepted).row, at(6));
  const auto over = pay(begin(start(book(algebra.id, booking_status::accepted).row)));
  EXPECT_FALSE(over.due_at);
  const auto ids = [](const std::vector<gateway_payment>& all) {
    texts them;
    for (const auto& each : all) them.push_back(each.id);
    return them;
  };
  EXPECT_EQ(ids(must(data->claim_due_payments(at(5, 11), at(5, 12), 1))), (texts{second.id}));
  EXPECT_EQ(ids(must(data->claim_due_payments(at(5, 11), at(5, 12), 10))), (texts{first.id}));
  EXPECT_EQ(ids(must(data->claim_due_payments(at(5, 11), at(5, 12), 10))), (texts{}));
  EXPECT_EQ(sorted(ids(must(data->claim_due_payments(at(5, 12), at(5, 13), 10)))), sorted({first.id, second.id}));
  EXPECT_EQ(ids(must(data->claim_due_payments(at(6), at(7), 1))).size(), 1u);
  EXPECT_EQ(*found(later).due_at, at(6));
}

TEST_P(store_gateway_payments, what_is_due_is_handed_out_to_one_of_many) {
  for (int i = 0; i < 10; ++i) start(book(guitar.id, booking_status::accepted).row);
  std::atomic<std::size_t> handed_out = 0;
  std::vector<std::thread> claimers;
  for (int i = 0; i < 4; ++i)
    claimers.emplace_back([&] {
      const auto other = harness->open();
      handed_out += must(other->claim_due_payments(at(5, 11), at(5, 12), 10)).size();
    });
  for (auto& each : claimers) each.join();
  EXPECT_EQ(handed_out, 10u);
}

TEST_P(store_gateway_payments, repeated_request_is_answered_and_nothing_written) {
  const auto wanted = a_gateway_payment(booked);
  const repetition_key key{student.id, "POST /api/payments/init", "key", "print"};
  const once_act act = [&](store& s) -> result<committed<kept_reply>> {
    auto made = s.create_gateway_payment(wanted);
    if (!made) return made.error();
    return committed<kept_reply>{kept_reply{202, made->value.id}, std::move(made->rows), {}};
  };
  EXPECT_EQ(must(data->once(key, act)).value.body, wanted.id);
  EXPECT_EQ(must(data->once(key, act)).value.body, wanted.id);
  EXPECT_EQ(found(wanted), wanted);
}

TEST_P(store_gateway_payments, an_account_s_payments_are_exported_and_its_customer_s_data_erased) {
  const auto done = book(algebra.id, booking_status::completed).row;
  auto payment = start(booked);
  must(data->change_booking_status(booked.id, student.id, booking_status::cancelled));
  EXPECT_EQ(must(data->export_account(student.id)).payments, (std::vector<gateway_payment>{payment}));
  EXPECT_TRUE(must(data->export_account(teacher.id)).payments.empty());
  must(data->delete_account(student.id, "unusable", 1));
  payment.customer.reset();
  EXPECT_EQ(found(payment), payment);
}

}  // namespace
}  // namespace bookings::testing

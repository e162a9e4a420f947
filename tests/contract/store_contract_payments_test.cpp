// The contract of every store: manual payments. A payment and its booking's payment status always change together.
#include "tests/support/store_harness.hpp"

namespace bookings::testing {
namespace {

using enum manual_payment_status;

class store_payments : public store_contract {
 protected:
  void SetUp() override {
    store_contract::SetUp();
    booked = book(algebra.id, booking_status::accepted).row;
  }
  payment_status payment_of(const booking& which) { return must(data->find_booking(which.id)).row.payment; }
  manual_payment_view pay(const booking& which, const std::string& transaction_id = "TRX1") {
    return must(data->create_manual_payment(a_payment(which, transaction_id))).value;
  }
  manual_payment_view decide(const manual_payment_view& what, manual_payment_status wanted,
                             std::optional<std::string> reason = {}) {
    return must(data->decide_manual_payment(what.row.id, {admin, wanted, std::move(reason)})).value;
  }
  texts both_parties() const { return {"user_bookings:" + student.id, "user_bookings:" + teacher.id}; }
  texts ids_of(const manual_payment_query& query) {
    texts ids;
    for (const auto& each : must(data->list_manual_payments(query)).rows) ids.push_back(each.row.id);
    return ids;
  }

  const id admin = make_id();
  booking booked;
};
INSTANTIATE_TEST_SUITE_P(stores, store_payments, ::testing::ValuesIn(store_kinds()),
                         [](const auto& each) { return each.param.name; });

TEST_P(store_payments, create_manual_payment_makes_the_booking_pending_for_both_parties) {
  manual_payment_view made;
  EXPECT_EQ(rows_of([&] { made = pay(booked); }), both_parties());
  EXPECT_EQ(payment_of(booked), payment_status::pending);
  const auto list = must(data->list_manual_payments({}));
  ASSERT_EQ(list.rows.size(), 1u);
  for (const auto& each : {made, list.rows[0]}) {
    EXPECT_EQ(each.row.booking_id, booked.id);
    EXPECT_EQ(each.row.student_id, student.id);
    EXPECT_EQ(each.row.method, payment_method::bkash);
    EXPECT_EQ(each.row.transaction_id, "TRX1");
    EXPECT_EQ(each.row.amount, booked.price);
    EXPECT_EQ(each.row.status, pending);
    EXPECT_EQ(each.row.created_at, at(5));
    EXPECT_FALSE(each.row.decided);
    EXPECT_EQ(each.student_name, "Rahim Uddin");
  }
}

TEST_P(store_payments, create_manual_payment_refused_changes_nothing) {
  const auto waiting = book(algebra.id).row;
  EXPECT_EQ(rows_of([&] {
              auto wrong = a_payment(booked);
              wrong.amount.hundredths += 1;
              EXPECT_EQ(data->create_manual_payment(wrong).error(), errc::unprocessable);
              wrong = a_payment(booked);
              wrong.student_id = teacher.id;
              EXPECT_EQ(data->create_manual_payment(wrong).error(), errc::not_found);
              wrong.booking_id = make_id();
              EXPECT_EQ(data->create_manual_payment(wrong).error(), errc::not_found);
              EXPECT_EQ(data->create_manual_payment(a_payment(waiting)).error(), errc::wrong_state);
            }), (texts{}));
  EXPECT_EQ(payment_of(booked), payment_status::unpaid);
  EXPECT_EQ(must(data->list_manual_payments({})).total, 0);
}

TEST_P(store_payments, create_manual_payment_second_for_a_booking_is_refused_until_the_first_is_rejected) {
  const auto first = pay(booked);
  EXPECT_EQ(data->create_manual_payment(a_payment(booked, "TRX2")).error(), errc::wrong_state);
  decide(first, rejected);
  EXPECT_EQ(payment_of(booked), payment_status::unpaid);
  const auto second = pay(booked, "TRX2");
  decide(second, verified);
  EXPECT_EQ(payment_of(booked), payment_status::paid);
  EXPECT_EQ(data->create_manual_payment(a_payment(booked, "TRX3")).error(), errc::wrong_state);
}

TEST_P(store_payments, create_manual_payment_transaction_counts_once_for_a_method_unless_rejected) {
  const auto other = book(guitar.id, booking_status::accepted).row;
  const auto first = pay(booked);
  EXPECT_EQ(data->create_manual_payment(a_payment(other)).error(), errc::transaction_used);
  decide(first, verified);
  EXPECT_EQ(data->create_manual_payment(a_payment(other)).error(), errc::transaction_used);
  auto by_bank = a_payment(other);
  by_bank.method = payment_method::bank;
  decide(must(data->create_manual_payment(by_bank)).value, rejected);
  by_bank.id = make_id();
  EXPECT_TRUE(data->create_manual_payment(by_bank));
}

TEST_P(store_payments, decide_manual_payment_keeps_who_and_when_and_why_and_notes_it) {
  const auto paid = pay(booked);
  const auto before = now();
  manual_payment_view decided;
  EXPECT_EQ(rows_of([&] { decided = decide(paid, rejected, "no such transaction"); }), both_parties());
  for (const auto& each : {decided, must(data->list_manual_payments({})).rows.at(0)}) {
    EXPECT_EQ(each.row.status, rejected);
    ASSERT_TRUE(each.row.decided);
    EXPECT_EQ(each.row.decided->by, admin);
    EXPECT_GE(each.row.decided->at, before);
    EXPECT_EQ(each.row.decided->reason, "no such transaction");
  }
  decide(pay(booked, "TRX2"), verified);
  const auto trail = must(data->list_trail({}));
  ASSERT_EQ(trail.rows.size(), 2u);
  EXPECT_EQ(trail.rows[0].what.action, trail_action::verify_payment);
  EXPECT_EQ(trail.rows[0].what.reason, std::nullopt);
  EXPECT_EQ(trail.rows[1].what.action, trail_action::reject_payment);
  EXPECT_EQ(trail.rows[1].what.subject, trail_subject::manual_payment);
  EXPECT_EQ(trail.rows[1].what.subject_id, paid.row.id);
  EXPECT_EQ(trail.rows[1].what.actor, admin);
  EXPECT_EQ(trail.rows[1].what.reason, "no such transaction");
}

TEST_P(store_payments, decide_manual_payment_refused_changes_nothing_and_notes_nothing) {
  const auto paid = pay(booked);
  decide(paid, verified);
  EXPECT_EQ(rows_of([&] {
              for (const auto wanted : {verified, rejected}) {
                EXPECT_EQ(data->decide_manual_payment(paid.row.id, {admin, wanted}).error(), errc::wrong_state);
                EXPECT_EQ(data->decide_manual_payment(make_id(), {admin, wanted}).error(), errc::not_found);
              }
            }), (texts{}));
  EXPECT_EQ(payment_of(booked), payment_status::paid);
  EXPECT_EQ(must(data->list_trail({})).total, 1);
}

TEST_P(store_payments, decide_manual_payment_cancelled_booking_can_only_be_rejected) {
  const auto paid = pay(booked);
  must(data->change_booking_status(booked.id, teacher.id, booking_status::cancelled));
  EXPECT_EQ(data->decide_manual_payment(paid.row.id, {admin, verified}).error(), errc::wrong_state);
  EXPECT_EQ(payment_of(booked), payment_status::pending);
  decide(paid, rejected);
  EXPECT_EQ(payment_of(booked), payment_status::unpaid);
}

TEST_P(store_payments, decide_manual_payment_completed_booking_can_be_verified) {
  const auto paid = pay(booked);
  must(data->change_booking_status(booked.id, teacher.id, booking_status::completed));
  decide(paid, verified);
  EXPECT_EQ(payment_of(booked), payment_status::paid);
}

TEST_P(store_payments, list_manual_payments_filters_and_pages_newest_first) {
  const auto neighbour = a_user("neighbour@example.com");
  must(data->create_user(neighbour));
  const auto make = [&](int number, const booking& which) {
    auto wanted = a_payment(which, "TRX" + std::to_string(number));
    wanted.created_at = at(number);
    return must(data->create_manual_payment(wanted)).value;
  };
  const auto first = make(1, booked);
  auto of_neighbour = a_booking(neighbour.id, guitar.id, at(200));
  of_neighbour.status = booking_status::accepted;
  const auto second = make(2, must(data->create_booking(of_neighbour)).value.row);
  const auto third = make(3, book(guitar.id, booking_status::accepted).row);
  decide(first, verified);
  EXPECT_EQ(ids_of({}), (texts{third.row.id, second.row.id, first.row.id}));
  EXPECT_EQ(ids_of({.student_id = student.id}), (texts{third.row.id, first.row.id}));
  EXPECT_EQ(ids_of({.status = pending}), (texts{third.row.id, second.row.id}));
  EXPECT_EQ(ids_of({.student_id = student.id, .status = verified}), (texts{first.row.id}));
  EXPECT_EQ(ids_of({.status = rejected}), (texts{}));
  EXPECT_EQ(ids_of({.page = {2, 2}}), (texts{first.row.id}));
  EXPECT_EQ(must(data->list_manual_payments({.page = {2, 2}})).total, 3);
}

}  // namespace
}  // namespace bookings::testing

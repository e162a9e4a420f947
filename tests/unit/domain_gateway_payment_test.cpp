// The steps of a payment through the gateway: what each makes of payment and booking, and from where it is not taken.
#include "server/domain/gateway_payment.hpp"

#include <gtest/gtest.h>

namespace bookings {
namespace {

using enum gateway_payment_status;
using namespace std::chrono_literals;

const time_point noon = *parse_time("2026-03-01T12:00:00Z");
const id admin = "65f000000000000000000009";

booking a_booking(payment_status payment = payment_status::pending, booking_status status = booking_status::accepted) {
  booking b;
  b.id = "65f000000000000000000001";
  b.student_id = "65f000000000000000000002";
  b.status = status;
  b.payment = payment;
  b.price = {80'000};
  return b;
}

gateway_payment a_payment(gateway_payment_status status = queued, int attempts = 1) {
  gateway_payment p;
  p.id = "65f000000000000000000003";
  p.booking_id = a_booking().id;
  p.student_id = a_booking().student_id;
  p.amount = {80'000};
  p.status = status;
  p.attempts = attempts;
  p.created_at = p.updated_at = noon;
  p.due_at = noon;
  if (status == queued) p.customer = gateway_customer{};
  if (status == failed || status == cancelled) p.owns_booking = false;
  if (status == paid || status == held || status == refunding) {
    p.bank_transaction_id = "BANK";
    p.taken = p.amount;
    p.due_at.reset();
  }
  return p;
}

gateway_transaction said(gateway_status status, const gateway_payment& of = a_payment(initiated)) {
  gateway_transaction t;
  t.transaction_id = transaction_id_of(of);
  t.status = status;
  t.amount = of.amount;
  t.currency = currency;
  t.bank_transaction_id = "BANK";
  t.risk_level = "0";
  return t;
}

result<gateway_change> told(const gateway_payment& what, const gateway_transaction& t, const booking& of = a_booking()) {
  return note_transaction(what, of, t, expectation_of(what, transaction_id_of(what)), noon);
}

gateway_refund refund_says(gateway_refund_status status, const std::string& reference = "REF") {
  gateway_refund r;
  r.status = status;
  r.reference = reference;
  return r;
}

TEST(transaction_id, names_payment_and_attempt_and_is_read_back) {
  auto p = a_payment();
  p.attempts = most_attempts;
  EXPECT_EQ(transaction_id_of(p), p.id + "-99");
  EXPECT_LE(transaction_id_of(p).size(), 30u);
  EXPECT_EQ(payment_of_transaction(transaction_id_of(p)), p.id);
  p.refunds = 3;
  EXPECT_EQ(refund_id_of(p), p.id + "R3");
  for (const auto* other : {"", "65f000000000000000000003", "65f000000000000000000003-", "65f000000000000000000003-0",
                            "65f000000000000000000003-01", "65f000000000000000000003-100", "65f000000000000000000003R1",
                            "65F000000000000000000003-1", "65f000000000000000000003-1x", "65f000000000000000000003--1"})
    EXPECT_FALSE(payment_of_transaction(other)) << other;
}

TEST(gateway_payable, follows_the_booking_and_the_gateway_s_limits) {
  auto p = a_payment();
  EXPECT_TRUE(check_gateway_payable(a_booking(payment_status::unpaid), p));
  EXPECT_EQ(check_gateway_payable(a_booking(payment_status::pending), p).error(), errc::wrong_state);
  auto cheap = a_booking(payment_status::unpaid);
  cheap.price = p.amount = {999};
  EXPECT_EQ(check_gateway_payable(cheap, p).error(), errc::unprocessable);
}

TEST(begin_attempt, is_counted_before_the_call_and_keeps_others_away_until_its_time_is_over) {
  const auto first = begin_attempt(a_payment(queued, 0), noon);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->payment.attempts, 1);
  EXPECT_EQ(first->payment.due_at, noon + 60s);
  EXPECT_EQ(begin_attempt(first->payment, noon + 59s).error(), errc::in_progress);
  EXPECT_EQ(begin_attempt(first->payment, noon + 60s)->payment.attempts, 2);
}

TEST(begin_attempt, ends_the_payment_of_one_who_has_left_or_that_was_tried_too_often) {
  auto p = a_payment();
  p.customer.reset();
  auto to = begin_attempt(p, noon);
  EXPECT_EQ(to->payment.status, failed);
  EXPECT_EQ(to->booking, payment_status::unpaid);
  EXPECT_EQ(begin_attempt(a_payment(queued, most_attempts), noon)->payment.status, failed);
  for (const auto status : {initiated, held, paid, failed, cancelled, refunding, refunded})
    EXPECT_EQ(begin_attempt(a_payment(status), noon).error(), errc::wrong_state) << to_text(status);
}

TEST(note_session, has_the_page_and_forgets_the_customer) {
  const auto to = note_session(a_payment(), 1, "https://page", "KEY", noon);
  ASSERT_TRUE(to);
  EXPECT_EQ(to->payment.status, initiated);
  EXPECT_EQ(to->payment.gateway_url, "https://page");
  EXPECT_FALSE(to->payment.customer);
  EXPECT_FALSE(to->payment.attempt_until);
  EXPECT_EQ(to->payment.due_at, noon + 10min);
  EXPECT_FALSE(to->booking);
}

TEST(note_session, of_an_attempt_that_another_has_followed_is_refused) {
  EXPECT_EQ(note_session(a_payment(queued, 2), 1, "u", "k", noon).error(), errc::wrong_state);
  EXPECT_EQ(note_declined(a_payment(queued, 2), 1, "no", noon).error(), errc::wrong_state);
  EXPECT_EQ(note_unreached(a_payment(queued, 2), 1, noon, noon).error(), errc::wrong_state);
  EXPECT_EQ(note_session(a_payment(paid), 1, "u", "k", noon).error(), errc::wrong_state);
}

TEST(note_unreached, is_tried_again_until_the_payment_is_given_up) {
  auto to = note_unreached(a_payment(), 1, noon + 4s, noon + 1h);
  EXPECT_EQ(to->payment.status, queued);
  EXPECT_EQ(to->payment.due_at, noon + 4s);
  EXPECT_FALSE(to->booking);
  to = note_unreached(a_payment(), 1, noon + 4s, noon + 2h);
  EXPECT_EQ(to->payment.status, failed);
  EXPECT_EQ(to->booking, payment_status::unpaid);
}

TEST(note_transaction, money_of_the_right_sum_makes_it_paid) {
  for (const auto status : {queued, initiated}) {
    const auto to = told(a_payment(status), said(gateway_status::valid));
    EXPECT_EQ(to->payment.status, paid);
    EXPECT_EQ(to->booking, payment_status::paid);
    EXPECT_FALSE(to->payment.due_at);
    EXPECT_FALSE(to->payment.customer);
    EXPECT_EQ(to->payment.bank_transaction_id, "BANK");
  }
}

TEST(note_transaction, what_is_settled_stays_as_it_is) {
  for (const auto status : {held, paid, refunding, refunded}) {
    for (const auto what : {gateway_status::valid, gateway_status::validated, gateway_status::failed,
                            gateway_status::cancelled, gateway_status::pending}) {
      auto p = a_payment(status);
      p.bank_transaction_id = "BANK";
      const auto to = told(p, said(what));
      EXPECT_EQ(to->payment, p) << to_text(status) << ' ' << to_text(what);
      EXPECT_FALSE(to->booking);
      EXPECT_FALSE(to->is_second_settlement);
    }
  }
  auto other = said(gateway_status::valid);
  other.bank_transaction_id = "ANOTHER";
  EXPECT_TRUE(told(a_payment(paid), other)->is_second_settlement);
}

TEST(note_transaction, risk_and_a_wrong_sum_are_held_and_the_booking_stays_pending) {
  auto risky = said(gateway_status::valid);
  risky.risk_level = "1";
  risky.risk_title = "High";
  auto to = told(a_payment(initiated), risky);
  EXPECT_EQ(to->payment.status, held);
  EXPECT_NE(to->payment.reason->find("High"), std::string::npos);
  EXPECT_FALSE(to->booking);
  auto less = said(gateway_status::valid);
  less.amount->hundredths -= 1;
  to = told(a_payment(initiated), less);
  EXPECT_EQ(to->payment.status, held);
  EXPECT_EQ(to->payment.taken, less.amount);
}

TEST(note_transaction, another_transaction_is_refused) {
  auto other = said(gateway_status::valid);
  other.transaction_id = "65f000000000000000000004-1";
  EXPECT_EQ(told(a_payment(initiated), other).error(), errc::unprocessable);
}

TEST(note_transaction, failure_frees_the_booking_and_money_that_comes_after_all_takes_it_again) {
  for (const auto& [status, after] : {std::pair{gateway_status::failed, failed}, {gateway_status::cancelled, cancelled},
                                      {gateway_status::expired, failed}}) {
    const auto over = told(a_payment(initiated), said(status));
    EXPECT_EQ(over->payment.status, after);
    EXPECT_EQ(over->booking, payment_status::unpaid);
    EXPECT_FALSE(over->payment.owns_booking);
    EXPECT_EQ(told(over->payment, said(status), a_booking(payment_status::unpaid))->payment, over->payment);
    const auto late = told(over->payment, said(gateway_status::valid), a_booking(payment_status::unpaid));
    EXPECT_EQ(late->payment.status, paid);
    EXPECT_TRUE(late->payment.owns_booking);
    EXPECT_EQ(late->booking, payment_status::paid);
  }
}

TEST(note_transaction, failure_of_an_earlier_attempt_ends_nothing_and_its_money_counts) {
  const auto p = a_payment(initiated, 2);
  const auto first = a_payment(initiated, 1);
  const auto expected = expectation_of(p, transaction_id_of(first));
  EXPECT_EQ(note_transaction(p, a_booking(), said(gateway_status::failed, first), expected, noon)->payment, p);
  EXPECT_EQ(note_transaction(p, a_booking(), said(gateway_status::valid, first), expected, noon)->payment.status, paid);
}

TEST(note_transaction, late_money_for_a_booking_that_is_paid_or_called_off_is_held) {
  const auto twice = told(a_payment(failed), said(gateway_status::valid), a_booking(payment_status::paid));
  EXPECT_EQ(twice->payment.status, held);
  EXPECT_TRUE(twice->is_second_settlement);
  EXPECT_FALSE(twice->booking);
  const auto gone = told(a_payment(initiated), said(gateway_status::valid), a_booking(payment_status::pending, booking_status::cancelled));
  EXPECT_EQ(gone->payment.status, held);
  EXPECT_FALSE(gone->is_second_settlement);
}

TEST(note_no_transaction, is_looked_for_again_until_the_page_s_time_is_over) {
  auto to = note_no_transaction(a_payment(initiated), noon + 59min);
  EXPECT_EQ(to->payment.status, initiated);
  EXPECT_EQ(to->payment.due_at, noon + 59min + 10min);
  to = note_no_transaction(a_payment(initiated), noon + 1h);
  EXPECT_EQ(to->payment.status, failed);
  EXPECT_EQ(to->booking, payment_status::unpaid);
  EXPECT_EQ(note_no_transaction(a_payment(paid), noon).error(), errc::wrong_state);
}

TEST(release, makes_a_held_one_paid_where_its_booking_can_be) {
  const auto to = release(a_payment(held), a_booking(), admin, "called", noon);
  EXPECT_EQ(to->payment.status, paid);
  EXPECT_EQ(to->booking, payment_status::paid);
  EXPECT_EQ(to->act, (act{admin, trail_action::release, trail_subject::payment, a_payment().id, "called"}));
  auto second = a_payment(held);
  second.owns_booking = false;
  EXPECT_EQ(release(second, a_booking(payment_status::paid), admin, {}, noon).error(), errc::wrong_state);
  EXPECT_TRUE(release(second, a_booking(payment_status::unpaid), admin, {}, noon));
  EXPECT_EQ(release(a_payment(held), a_booking(payment_status::pending, booking_status::cancelled), admin, {}, noon).error(),
            errc::wrong_state);
  EXPECT_EQ(release(a_payment(paid), a_booking(), admin, {}, noon).error(), errc::wrong_state);
}

TEST(refund, of_a_paid_one_is_shown_when_the_gateway_says_that_it_went) {
  const auto begun = begin_refund(a_payment(paid), admin, "ill", noon);
  EXPECT_EQ(begun->payment.status, refunding);
  EXPECT_EQ(begun->payment.refunds, 1);
  EXPECT_EQ(begun->act->action, trail_action::refund);
  EXPECT_FALSE(begun->booking);
  const auto taken_on = note_refund(begun->payment, refund_says(gateway_refund_status::processing), noon);
  EXPECT_EQ(taken_on->payment.status, refunding);
  EXPECT_EQ(taken_on->payment.refund_reference, "REF");
  const auto done = note_refund(taken_on->payment, refund_says(gateway_refund_status::refunded), noon);
  EXPECT_EQ(done->payment.status, refunded);
  EXPECT_EQ(done->booking, payment_status::refunded);
  EXPECT_FALSE(done->payment.due_at);
}

TEST(refund, of_a_held_one_frees_its_booking_and_of_a_second_one_changes_none) {
  const auto begun = begin_refund(a_payment(held), admin, {}, noon);
  EXPECT_EQ(note_refund(begun->payment, refund_says(gateway_refund_status::refunded), noon)->booking, payment_status::unpaid);
  auto second = a_payment(held);
  second.owns_booking = false;
  const auto other = begin_refund(second, admin, {}, noon);
  EXPECT_FALSE(note_refund(other->payment, refund_says(gateway_refund_status::refunded), noon)->booking);
}

TEST(refund, that_is_refused_leaves_the_payment_as_it_was_and_the_next_has_another_id) {
  for (const auto before : {paid, held}) {
    const auto begun = begin_refund(a_payment(before), admin, {}, noon);
    const auto refused = note_refund(begun->payment, refund_says(gateway_refund_status::failed, ""), noon);
    EXPECT_EQ(refused->payment.status, before);
    EXPECT_FALSE(refused->booking);
    EXPECT_EQ(refund_id_of(begin_refund(refused->payment, admin, {}, noon)->payment), a_payment().id + "R2");
  }
}

TEST(refund, without_a_clear_answer_is_asked_for_again_under_its_id_and_never_taken_for_refused) {
  const auto begun = begin_refund(a_payment(paid), admin, {}, noon);
  const auto lost = note_refund_unreached(begun->payment, noon);
  EXPECT_TRUE(lost->payment.is_refund_unclear);
  EXPECT_EQ(lost->payment.due_at, noon + 1min);
  EXPECT_EQ(begin_refund(lost->payment, admin, {}, noon).error(), errc::wrong_state) << "it is asked for already";
  const auto contradicts = note_refund(lost->payment, refund_says(gateway_refund_status::failed, ""), noon);
  EXPECT_EQ(contradicts->payment.status, refunding);
  EXPECT_FALSE(contradicts->payment.due_at);
  EXPECT_TRUE(contradicts->payment.reason);
  const auto again = begin_refund(contradicts->payment, admin, {}, noon);
  EXPECT_EQ(refund_id_of(again->payment), refund_id_of(begun->payment));
  EXPECT_TRUE(again->payment.is_refund_unclear);
}

TEST(refund, is_begun_of_what_has_money_alone) {
  for (const auto status : {queued, initiated, failed, cancelled, refunding, refunded})
    EXPECT_EQ(begin_refund(a_payment(status), admin, {}, noon).error(), errc::wrong_state) << to_text(status);
}

TEST(gateway_payment_status, words_are_read_back) {
  for (const auto status : {queued, initiated, held, paid, failed, cancelled, refunding, refunded})
    EXPECT_EQ(parse_gateway_payment_status(to_text(status)), status);
  EXPECT_FALSE(parse_gateway_payment_status("PAID"));
}

}  // namespace
}  // namespace bookings

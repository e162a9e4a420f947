// The rules of manual payments: who may say that they paid, and what an admin may decide.
#include "server/domain/payment.hpp"

#include <gtest/gtest.h>

namespace bookings {
namespace {

using enum manual_payment_status;

const id student = "000000000000000000000001", teacher = "000000000000000000000002";
constexpr booking_status every_status[] = {booking_status::pending, booking_status::accepted, booking_status::rejected,
                                           booking_status::completed, booking_status::cancelled};
constexpr payment_status every_payment[] = {payment_status::unpaid, payment_status::pending, payment_status::paid,
                                            payment_status::refunded};

booking a_lesson(booking_status status, payment_status payment = payment_status::unpaid) {
  booking b;
  b.student_id = student;
  b.teacher_id = teacher;
  b.status = status;
  b.payment = payment;
  b.price = {80050};
  return b;
}

manual_payment a_payment(manual_payment_status status) {
  manual_payment p;
  p.status = status;
  return p;
}

errc outcome_of(const result<void>& outcome) { return outcome ? errc{} : static_cast<errc>(outcome.error().value()); }

TEST(check_payable, accepted_and_unpaid_alone) {
  for (const auto status : every_status) {
    for (const auto payment : every_payment) {
      const bool may = status == booking_status::accepted && payment == payment_status::unpaid;
      EXPECT_EQ(outcome_of(check_payable(a_lesson(status, payment), student, {80050})),
                may ? errc{} : errc::wrong_state)
          << to_text(status) << ' ' << to_text(payment);
      EXPECT_EQ(outcome_of(check_payable(a_lesson(status, payment), teacher, {80050})), errc::not_found);
    }
  }
}

TEST(check_payable, amount_must_be_the_price_to_the_hundredth) {
  const auto what = a_lesson(booking_status::accepted);
  for (const std::int64_t wrong : {0, 80049, 80051, 8005000}) {
    EXPECT_EQ(outcome_of(check_payable(what, student, {wrong})), errc::unprocessable) << wrong;
  }
  // A state that allows no amount at all is said first.
  EXPECT_EQ(outcome_of(check_payable(a_lesson(booking_status::pending), student, {1})), errc::wrong_state);
}

TEST(check_decision, pending_alone_and_not_back_to_pending) {
  const auto of = a_lesson(booking_status::accepted, payment_status::pending);
  for (const auto from : {pending, verified, rejected}) {
    for (const auto wanted : {pending, verified, rejected}) {
      const bool may = from == pending && wanted != pending;
      EXPECT_EQ(outcome_of(check_decision(a_payment(from), of, wanted)), may ? errc{} : errc::wrong_state)
          << to_text(from) << " -> " << to_text(wanted);
    }
  }
}

TEST(check_decision, verified_only_where_the_lesson_stands_and_rejected_always) {
  for (const auto status : every_status) {
    const auto of = a_lesson(status, payment_status::pending);
    const bool stands = status == booking_status::accepted || status == booking_status::completed;
    EXPECT_EQ(outcome_of(check_decision(a_payment(pending), of, verified)), stands ? errc{} : errc::wrong_state)
        << to_text(status);
    EXPECT_EQ(outcome_of(check_decision(a_payment(pending), of, rejected)), errc{}) << to_text(status);
  }
}

TEST(payment_after, each_status_has_its_own) {
  EXPECT_EQ(payment_after(pending), payment_status::pending);
  EXPECT_EQ(payment_after(verified), payment_status::paid);
  EXPECT_EQ(payment_after(rejected), payment_status::unpaid);
}

TEST(normalize_transaction_id, case_is_gone_and_other_characters_are_refused) {
  EXPECT_EQ(normalize_transaction_id("bk7a9q"), "BK7A9Q");
  EXPECT_EQ(normalize_transaction_id("BK-7_a.9/q"), "BK-7_A.9/Q");
  EXPECT_EQ(normalize_transaction_id(std::string(64, 'a')), std::string(64, 'A'));
  for (const std::string& text :
       {std::string(), std::string("abc"), std::string(65, 'a'), std::string("ab cd"), std::string("abcd\n"),
        std::string("abcd\0", 5), std::string("টাকা"), std::string("a*b?")}) {
    EXPECT_FALSE(normalize_transaction_id(text)) << text;
  }
}

TEST(payment_method_text, every_value_comes_back_and_others_are_absent) {
  for (const char* word : {"bkash", "nagad", "rocket", "bank", "cash"}) {
    const auto parsed = parse_payment_method(word);
    ASSERT_TRUE(parsed) << word;
    EXPECT_EQ(to_text(*parsed), word);
  }
  for (const char* text : {"", "bKash", "card"}) EXPECT_FALSE(parse_payment_method(text)) << text;
}

TEST(manual_payment_status_text, every_value_comes_back_and_others_are_absent) {
  for (const auto status : {pending, verified, rejected}) {
    EXPECT_EQ(parse_manual_payment_status(to_text(status)), status);
  }
  for (const char* text : {"", "Pending", "paid"}) EXPECT_FALSE(parse_manual_payment_status(text)) << text;
}

}  // namespace
}  // namespace bookings

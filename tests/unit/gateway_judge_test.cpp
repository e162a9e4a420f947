// The verdict over what the gateway says: paid only where all of it is ours.
#include "server/domain/gateway_transaction.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace bookings {
namespace {

const gateway_expectation expected{"65a4f0c2b1e2d3a4f5b6c7d8", money{1250'00}};

gateway_transaction paid(gateway_status status = gateway_status::valid) {
  gateway_transaction said;
  said.transaction_id = expected.transaction_id;
  said.validation_id = "V1";
  said.status = status;
  said.amount = said.customer_amount = expected.amount;
  said.currency = said.customer_currency = "BDT";
  said.bank_transaction_id = "B1";
  said.risk_level = "0";
  return said;
}

settlement mismatch(settlement_field field) { return {settlement_outcome::mismatch, field}; }

TEST(judge, valid_and_validated_are_paid) {
  EXPECT_EQ(judge(paid(), expected), settlement{settlement_outcome::paid});
  EXPECT_EQ(judge(paid(gateway_status::validated), expected), settlement{settlement_outcome::paid});
}

TEST(judge, no_other_status_is_paid) {
  for (const auto status :
       {gateway_status::pending, gateway_status::failed, gateway_status::cancelled, gateway_status::unattempted,
        gateway_status::expired, gateway_status::invalid, gateway_status::unknown}) {
    const auto outcome = judge(paid(status), expected).outcome;
    EXPECT_NE(outcome, settlement_outcome::paid) << to_text(status);
    EXPECT_NE(outcome, settlement_outcome::held) << to_text(status);
  }
}

TEST(judge, other_statuses_are_what_they_say) {
  using outcome = settlement_outcome;
  EXPECT_EQ(judge(paid(gateway_status::failed), expected).outcome, outcome::failed);
  EXPECT_EQ(judge(paid(gateway_status::expired), expected).outcome, outcome::failed);
  EXPECT_EQ(judge(paid(gateway_status::cancelled), expected).outcome, outcome::cancelled);
  EXPECT_EQ(judge(paid(gateway_status::pending), expected).outcome, outcome::not_yet);
  EXPECT_EQ(judge(paid(gateway_status::unattempted), expected).outcome, outcome::not_yet);
  EXPECT_EQ(judge(paid(gateway_status::unknown), expected).outcome, outcome::not_yet);
  gateway_transaction nothing;
  nothing.status = gateway_status::invalid;
  EXPECT_EQ(judge(nothing, expected).outcome, outcome::not_yet);
}

TEST(judge, amount_off_by_a_hundredth_is_a_mismatch) {
  for (const auto hundredths : {1249'99, 1250'01, 0, 12'50, 125'000'00}) {
    auto said = paid();
    said.amount = money{hundredths};
    EXPECT_EQ(judge(said, expected), mismatch(settlement_field::amount)) << hundredths;
    said = paid();
    said.customer_amount = money{hundredths};
    EXPECT_EQ(judge(said, expected), mismatch(settlement_field::amount)) << hundredths;
  }
}

TEST(judge, amount_that_cannot_be_read_is_a_mismatch) {
  auto said = paid();
  said.amount = {};
  EXPECT_EQ(judge(said, expected), mismatch(settlement_field::amount));
}

TEST(judge, customers_amount_may_be_missing) {
  auto said = paid();
  said.customer_amount = {};
  said.customer_currency = "";
  EXPECT_EQ(judge(said, expected).outcome, settlement_outcome::paid);
}

TEST(judge, another_currency_is_a_mismatch) {
  for (const auto currency : {"USD", "", "bdt"}) {
    auto said = paid();
    said.currency = currency;
    EXPECT_EQ(judge(said, expected), mismatch(settlement_field::currency_code)) << currency;
  }
  auto said = paid();
  said.customer_currency = "USD";
  EXPECT_EQ(judge(said, expected), mismatch(settlement_field::currency_code));
}

TEST(judge, another_transaction_is_a_mismatch_whatever_its_status) {
  for (const auto status : {gateway_status::valid, gateway_status::failed, gateway_status::cancelled,
                            gateway_status::pending, gateway_status::unknown})
    for (const auto id : {"", "65A4F0C2B1E2D3A4F5B6C7D8", "65a4f0c2b1e2d3a4f5b6c7d", "65a4f0c2b1e2d3a4f5b6c7d8 "}) {
      auto said = paid(status);
      said.transaction_id = id;
      EXPECT_EQ(judge(said, expected), mismatch(settlement_field::transaction_id)) << to_text(status) << id;
    }
}

TEST(judge, risk_that_is_not_0_is_held) {
  for (const auto risk : {"1", "2", "", "low", "00"}) {
    auto said = paid();
    said.risk_level = risk;
    EXPECT_EQ(judge(said, expected).outcome, settlement_outcome::held) << risk;
  }
}

TEST(judge, risk_does_not_excuse_a_mismatch) {
  auto said = paid();
  said.risk_level = "1";
  said.amount = money{1};
  EXPECT_EQ(judge(said, expected), mismatch(settlement_field::amount));
}

TEST(gateway_status, is_read_in_any_case_and_nothing_is_guessed) {
  EXPECT_EQ(parse_gateway_status("VALID"), gateway_status::valid);
  EXPECT_EQ(parse_gateway_status("VALIDATED"), gateway_status::validated);
  EXPECT_EQ(parse_gateway_status("Cancelled"), gateway_status::cancelled);
  EXPECT_EQ(parse_gateway_status("INVALID_TRANSACTION"), gateway_status::invalid);
  for (const auto text : {"", "VALI", "VALID ", "VALIDX", "UNKNOWN", "SUCCESS"})
    EXPECT_EQ(parse_gateway_status(text), gateway_status::unknown) << text;
}

TEST(deciding_attempt, is_the_paid_one_wherever_it_stands) {
  const auto failed = paid(gateway_status::failed), good = paid(), open = paid(gateway_status::pending);
  for (const auto& attempts : {std::vector{failed, good, open}, std::vector{good, failed}, std::vector{open, good}})
    EXPECT_EQ(deciding_attempt(attempts).status, gateway_status::valid);
}

TEST(deciding_attempt, is_the_open_one_where_none_is_paid) {
  const auto failed = paid(gateway_status::failed), open = paid(gateway_status::pending);
  EXPECT_EQ(deciding_attempt({open, failed}).status, gateway_status::pending);
}

TEST(deciding_attempt, is_the_last_one_where_none_is_open) {
  const auto failed = paid(gateway_status::failed), cancelled = paid(gateway_status::cancelled);
  const std::vector attempts{failed, cancelled};
  EXPECT_EQ(deciding_attempt(attempts).status, gateway_status::cancelled);
}

TEST(judge_refund, each_status_has_one_meaning) {
  const auto outcome_of = [](std::string_view text) {
    gateway_refund said;
    said.status = parse_gateway_refund_status(text);
    return judge(said);
  };
  EXPECT_EQ(outcome_of("success"), refund_outcome::under_way);
  EXPECT_EQ(outcome_of("processing"), refund_outcome::under_way);
  EXPECT_EQ(outcome_of("refunded"), refund_outcome::refunded);
  EXPECT_EQ(outcome_of("failed"), refund_outcome::refused);
  EXPECT_EQ(outcome_of("cancelled"), refund_outcome::refused);
  EXPECT_EQ(outcome_of("Refunded"), refund_outcome::refunded);
  EXPECT_EQ(outcome_of(""), refund_outcome::unclear);
  EXPECT_EQ(outcome_of("done"), refund_outcome::unclear);
}

}  // namespace
}  // namespace bookings

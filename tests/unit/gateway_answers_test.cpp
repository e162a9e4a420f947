// The gateway's answers as SSLCommerz writes them, and what else may come instead.
#include "server/payments/answers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bookings {
namespace {

using kind = gateway_failure_kind;

const std::string session_answer =
    R"({"status":"SUCCESS","failedreason":"","sessionkey":"A1B2","gw":{"visa":"dbbl_visa"},"GatewayPageURL":)"
    R"("https:\/\/sandbox.sslcommerz.com\/EasyCheckOut\/testcde?x=1#top","desc":[],"is_direct_pay_enable":"0"})";

const std::string transaction_answer =
    R"({"status":"VALID","tran_date":"2026-01-24 11:13:02","tran_id":"65a4f0c2b1e2d3a4f5b6c7d8","val_id":"V1",)"
    R"("amount":"1250.00","store_amount":"1218.75","currency":"BDT","bank_tran_id":"B1","card_type":"BKASH-BKash",)"
    R"("currency_type":"BDT","currency_amount":"1250.00","currency_rate":"1.0000","risk_title":"Safe",)"
    R"("risk_level":"0","APIConnect":"DONE","validated_on":"2026-01-24 11:14:00","gw_version":""})";

std::string with(std::string text, std::string_view what, std::string_view instead) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), instead);
}

const std::vector<std::string> no_objects{"",
                                          " ",
                                          "null",
                                          "[]",
                                          "\"SUCCESS\"",
                                          "<html>maintenance</html>",
                                          "{",
                                          R"({"status":"SUCCESS")",
                                          "{} {}",
                                          "{\"a\":\"\xff\"}",
                                          std::string(5'000, '[')};

TEST(gateway_answer, what_is_no_object_is_unknown) {
  for (const auto& body : no_objects) {
    EXPECT_EQ(read_session_answer(body, customer_urls::secure).error().kind, kind::unknown) << body;
    EXPECT_EQ(read_validation_answer(body).error().kind, kind::unknown) << body;
    EXPECT_EQ(read_query_answer(body).error().kind, kind::unknown) << body;
    EXPECT_EQ(read_refund_answer(body).error().kind, kind::unknown) << body;
  }
}

TEST(gateway_answer, object_that_says_nothing_is_unknown) {
  for (const std::string body :
       {"{}", R"({"a":1})", R"({"status":null})", R"({"status":{"a":1}})", R"({"status":""})"}) {
    EXPECT_EQ(read_session_answer(body, customer_urls::secure).error().kind, kind::unknown) << body;
    EXPECT_EQ(read_validation_answer(body).error().kind, kind::unknown) << body;
    EXPECT_EQ(read_query_answer(body).error().kind, kind::unknown) << body;
    EXPECT_EQ(read_refund_answer(body).error().kind, kind::unknown) << body;
  }
}

TEST(session_answer, success_has_key_and_page) {
  const auto opened = read_session_answer(session_answer, customer_urls::secure);
  ASSERT_TRUE(opened) << opened.error().why;
  EXPECT_EQ(opened->key, "A1B2");
  EXPECT_EQ(opened->customer_url, "https://sandbox.sslcommerz.com/EasyCheckOut/testcde?x=1#top");
}

TEST(session_answer, failed_is_refused_with_the_gateways_words) {
  const auto no = read_session_answer(
      R"({"status":"FAILED","failedreason":"Store Credential Error Or Store is De-active\n\u001b[31m"})",
      customer_urls::secure);
  ASSERT_FALSE(no);
  EXPECT_EQ(no.error().kind, kind::refused);
  EXPECT_EQ(no.error().why, "session refused: Store Credential Error Or Store is De-active  [31m");
  const auto wordy = read_session_answer(R"({"status":"FAILED","failedreason":")" + std::string(9'000, 'x') + "\"}",
                                         customer_urls::secure);
  EXPECT_LT(wordy.error().why.size(), 300u);
}

TEST(session_answer, success_without_a_page_is_unknown) {
  for (const std::string url : {"", "javascript:alert(1)", "http://sandbox.sslcommerz.com/x", "//evil.example",
                                "https://", "https://a b/", "ftp://host/", "https://user@host/", "https://host/\\n"}) {
    const auto body = R"({"status":"SUCCESS","sessionkey":"A","GatewayPageURL":")" + url + "\"}";
    EXPECT_EQ(read_session_answer(body, customer_urls::secure).error().kind, kind::unknown) << url;
  }
  EXPECT_EQ(
      read_session_answer(R"({"status":"SUCCESS","GatewayPageURL":"https://h/x"})", customer_urls::secure).error().kind,
      kind::unknown);
}

TEST(session_answer, http_page_is_for_this_machine_alone) {
  const auto body = [](std::string url) {
    return R"({"status":"SUCCESS","sessionkey":"A","GatewayPageURL":")" + url + "\"}";
  };
  EXPECT_TRUE(read_session_answer(body("http://127.0.0.1:9/p?s=1"), customer_urls::this_machine));
  EXPECT_FALSE(read_session_answer(body("http://127.0.0.1:9/p?s=1"), customer_urls::secure));
  EXPECT_FALSE(read_session_answer(body("http://10.0.0.1/p"), customer_urls::this_machine));
}

TEST(validation_answer, members_are_read) {
  const auto said = read_validation_answer(transaction_answer);
  ASSERT_TRUE(said) << said.error().why;
  gateway_transaction wanted;
  wanted.transaction_id = "65a4f0c2b1e2d3a4f5b6c7d8";
  wanted.validation_id = "V1";
  wanted.status = gateway_status::valid;
  wanted.status_text = "VALID";
  wanted.amount = wanted.customer_amount = money{1250'00};
  wanted.currency = wanted.customer_currency = "BDT";
  wanted.bank_transaction_id = "B1";
  wanted.risk_level = "0";
  wanted.risk_title = "Safe";
  wanted.card_type = "BKASH-BKash";
  EXPECT_EQ(*said, wanted);
}

TEST(validation_answer, numbers_may_be_numbers) {
  auto body = with(transaction_answer, R"("amount":"1250.00")", R"("amount":1250.0)");
  body = with(body, R"("risk_level":"0")", R"("risk_level":0)");
  const auto said = read_validation_answer(body);
  ASSERT_TRUE(said);
  EXPECT_EQ(said->amount, money{1250'00});
  EXPECT_EQ(said->risk_level, "0");
}

TEST(validation_answer, amount_that_is_no_exact_decimal_is_absent) {
  for (const auto amount : {R"("1250.005")", R"("1.25e3")", R"("-1250.00")", R"("1,250.00")", R"("")", "null", "[]",
                            "1250.005", "-1250", "true", "{}", "1e400"}) {
    const auto said = read_validation_answer(with(transaction_answer, R"("1250.00")", amount));
    EXPECT_TRUE(!said || !said->amount) << amount;
  }
}

TEST(validation_answer, unknown_payment_is_an_answer) {
  const auto said = read_validation_answer(R"({"status":"INVALID_TRANSACTION","APIConnect":"DONE"})");
  ASSERT_TRUE(said);
  EXPECT_EQ(said->status, gateway_status::invalid);
}

TEST(validation_answer, service_that_did_not_take_the_call_refuses) {
  for (const auto state : {"INVALID_REQUEST", "FAILED", "INACTIVE", "SOMETHING"}) {
    const auto said = read_validation_answer(with(transaction_answer, "DONE", state));
    ASSERT_FALSE(said) << state;
    EXPECT_EQ(said.error().kind, kind::refused);
    EXPECT_EQ(said.error().why, std::string("validation refused: ") + state);
  }
}

TEST(query_answer, attempts_are_read_in_their_order) {
  const auto failed = with(transaction_answer, R"("VALID")", R"("FAILED")");
  const auto all = read_query_answer(R"({"APIConnect":"DONE","no_of_trans_found":2,"element":[)" + failed + "," +
                                     transaction_answer + "]}");
  ASSERT_TRUE(all) << all.error().why;
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ(all->at(0).status, gateway_status::failed);
  EXPECT_EQ(deciding_attempt(*all).status, gateway_status::valid);
}

TEST(query_answer, unknown_transaction_is_none) {
  for (const auto count : {"0", "\"0\""}) {
    const auto all =
        read_query_answer(std::string(R"({"APIConnect":"DONE","no_of_trans_found":)") + count + R"(,"element":[]})");
    ASSERT_TRUE(all) << count;
    EXPECT_TRUE(all->empty());
  }
}

TEST(query_answer, count_without_transactions_is_unknown) {
  for (const auto element : {"", R"(,"element":[])", R"(,"element":"x")", R"(,"element":[1])", R"(,"element":{})"}) {
    const auto body = std::string(R"({"APIConnect":"DONE","no_of_trans_found":1)") + element + "}";
    EXPECT_EQ(read_query_answer(body).error().kind, kind::unknown) << body;
  }
  std::string many = "{}";
  for (int i = 0; i < 100; ++i) many += ",{}";
  EXPECT_FALSE(read_query_answer(R"({"APIConnect":"DONE","no_of_trans_found":101,"element":[)" + many + "]}"));
}

TEST(refund_answer, members_are_read) {
  const auto said = read_refund_answer(
      R"({"APIConnect":"DONE","bank_tran_id":"B1","trans_id":"T1","refund_ref_id":"R1","status":"success","errorReason":""})");
  ASSERT_TRUE(said) << said.error().why;
  EXPECT_EQ(said->status, gateway_refund_status::success);
  EXPECT_EQ(said->reference, "R1");
  EXPECT_EQ(said->bank_transaction_id, "B1");
}

TEST(refund_answer, failed_refund_is_an_answer_with_its_reason) {
  const auto said = read_refund_answer(R"({"APIConnect":"DONE","status":"failed","errorReason":"no\tmoney"})");
  ASSERT_TRUE(said);
  EXPECT_EQ(judge(*said), refund_outcome::refused);
  EXPECT_EQ(said->reason, "no money");
}

}  // namespace
}  // namespace bookings

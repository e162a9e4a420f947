// The client of SSLCommerz against an emulated gateway, where all goes well, or the gateway says no.
#include "server/payments/web_form.hpp"
#include "tests/support/gateway_world.hpp"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <array>
#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace bookings {
namespace {

using namespace tests;
using kind = gateway_failure_kind;

class gateway_client : public testing::Test {
 protected:
  std::map<std::string, std::string> last_call(std::string_view operation) const {
    const auto log = emulator_.ask("log");
    for (auto each = log.as_array().rbegin(); each != log.as_array().rend(); ++each)
      if (each->at("operation").as_string() == operation) {
        std::map<std::string, std::string> fields;
        for (const auto& [name, value] : each->at("fields").as_object())
          fields.emplace(std::string(name), std::string(value.as_string()));
        return fields;
      }
    ADD_FAILURE() << "no call " << operation;
    return {};
  }
  // A session whose customer has done this; returns what the emulator says of it.
  boost::json::value pay(const std::string& transaction_id, const std::string& outcome = "pay") {
    const auto wanted = session_request(transaction_id);
    const auto opened = loop_.run(gateway_->open_session(wanted));
    EXPECT_TRUE(opened) << opened.error().why;
    return emulator_.tell("pay", R"({"tran_id":")" + transaction_id + R"(","outcome":")" + outcome + "\"}");
  }

  gateway_emulator emulator_;
  tests::loop loop_;
  std::unique_ptr<payment_gateway> gateway_ = make_sslcommerz_gateway(options_for(emulator_.url()));
};

form_fields form_of(const boost::json::value& object) {
  form_fields fields;
  for (const auto& [name, value] : object.as_object())
    fields.emplace_back(std::string(name), std::string(value.as_string()));
  return fields;
}

TEST_F(gateway_client, session_is_opened_with_all_that_is_mandatory) {
  const auto wanted = session_request("65a4f0c2b1e2d3a4f5b6c7d8-2");
  const auto opened = loop_.run(gateway_->open_session(wanted));
  ASSERT_TRUE(opened) << opened.error().why;
  EXPECT_TRUE(opened->customer_url.starts_with(emulator_.url()));
  EXPECT_FALSE(opened->key.empty());
  const auto asked = last_call("session");
  EXPECT_EQ(asked.at("tran_id"), "65a4f0c2b1e2d3a4f5b6c7d8-2");
  EXPECT_EQ(asked.at("total_amount"), "1250.00");
  EXPECT_EQ(asked.at("currency"), "BDT");
  EXPECT_EQ(asked.at("ipn_url"), "http://127.0.0.1:1/api/payments/sslcommerz/ipn");
  EXPECT_EQ(asked.at("success_url"), "http://127.0.0.1:1/api/payments/sslcommerz/success");
  EXPECT_EQ(asked.at("fail_url"), "http://127.0.0.1:1/api/payments/sslcommerz/fail");
  EXPECT_EQ(asked.at("cancel_url"), "http://127.0.0.1:1/api/payments/sslcommerz/cancel");
  EXPECT_EQ(emulator_.calls("session"), 1u);
}

TEST_F(gateway_client, texts_arrive_as_they_are) {
  auto wanted = session_request();
  wanted.product =
      "C & C++: 100% \"practice\" + more = fun? \xe0\xa6\xac\xe0\xa6\xbe\xe0\xa6\x82\xe0\xa6\xb2\xe0\xa6\xbe #1";
  wanted.customer.name = "O'Brien & S\xc3\xb8ns; a=b";
  wanted.customer.address = "x&store_id=other";
  ASSERT_TRUE(loop_.run(gateway_->open_session(wanted)));
  const auto asked = last_call("session");
  EXPECT_EQ(asked.at("product_name"), wanted.product);
  EXPECT_EQ(asked.at("cus_name"), wanted.customer.name);
  EXPECT_EQ(asked.at("cus_add1"), wanted.customer.address);
  EXPECT_EQ(asked.at("store_id"), store_id);
}

TEST_F(gateway_client, long_texts_are_cut_to_what_the_gateway_takes) {
  auto wanted = session_request();
  for (int i = 0; i < 200; ++i) wanted.product += "\xe0\xa6\xac", wanted.customer.name += "\xe0\xa6\xac";
  wanted.customer.address.assign(500, 'x');
  const auto opened = loop_.run(gateway_->open_session(wanted));
  EXPECT_TRUE(opened) << opened.error().why;
}

TEST_F(gateway_client, paid_transaction_is_validated_and_found) {
  const std::string id = "65a4f0c2b1e2d3a4f5b6c7d8";
  const auto sent = pay(id);
  const std::string validation_id(sent.at("fields").at("val_id").as_string());
  const gateway_expectation expected{id, money{1250'00}};

  const auto first = loop_.run(gateway_->validate(validation_id));
  ASSERT_TRUE(first) << first.error().why;
  EXPECT_EQ(first->status, gateway_status::valid);
  EXPECT_EQ(judge(*first, expected).outcome, settlement_outcome::paid);
  const auto again = loop_.run(gateway_->validate(validation_id));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->status, gateway_status::validated);
  EXPECT_EQ(judge(*again, expected).outcome, settlement_outcome::paid);
  const auto found = loop_.run(gateway_->query(id));
  ASSERT_TRUE(found) << found.error().why;
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(judge(found->front(), expected).outcome, settlement_outcome::paid);
  EXPECT_EQ(found->front().bank_transaction_id, first->bank_transaction_id);
}

TEST_F(gateway_client, one_paid_attempt_among_several_decides) {
  const std::string id = "65a4f0c2b1e2d3a4f5b6c7d8";
  pay(id, "fail");
  emulator_.tell("pay", R"({"tran_id":"65a4f0c2b1e2d3a4f5b6c7d8","outcome":"pay"})");
  emulator_.tell("pay", R"({"tran_id":"65a4f0c2b1e2d3a4f5b6c7d8","outcome":"cancel"})");
  const auto found = loop_.run(gateway_->query(id));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 3u);
  const gateway_expectation expected{id, money{1250'00}};
  EXPECT_EQ(judge(deciding_attempt(*found), expected).outcome, settlement_outcome::paid);
}

TEST_F(gateway_client, unknown_transactions_are_none) {
  const std::string nothing = "000000000000000000000000";
  const auto found = loop_.run(gateway_->query(nothing));
  ASSERT_TRUE(found) << found.error().why;
  EXPECT_TRUE(found->empty());
  const auto said = loop_.run(gateway_->validate(nothing));
  ASSERT_TRUE(said) << said.error().why;
  EXPECT_EQ(said->status, gateway_status::invalid);
}

TEST_F(gateway_client, altered_amount_and_risk_are_seen) {
  emulator_.tell("settings", R"({"amount":"1249.99","risk_level":"1"})");
  const auto sent = pay("65a4f0c2b1e2d3a4f5b6c7d8");
  const std::string validation_id(sent.at("fields").at("val_id").as_string());
  const auto said = loop_.run(gateway_->validate(validation_id));
  ASSERT_TRUE(said);
  EXPECT_EQ(judge(*said, {"65a4f0c2b1e2d3a4f5b6c7d8", money{1250'00}}).mismatch, settlement_field::amount);
  EXPECT_EQ(judge(*said, {"65a4f0c2b1e2d3a4f5b6c7d8", money{1249'99}}).outcome, settlement_outcome::held);
}

TEST_F(gateway_client, notification_is_believed_only_as_it_was_signed) {
  pay("65a4f0c2b1e2d3a4f5b6c7d8");
  const auto notify = [&](const std::string& more) {
    const auto sent = emulator_.tell("notify", R"({"tran_id":"65a4f0c2b1e2d3a4f5b6c7d8")" + more + "}");
    return gateway_->read_notification(to_form(form_of(sent.at("fields"))));
  };
  const auto good = notify("");
  ASSERT_TRUE(good) << good.error().why;
  EXPECT_EQ(good->transaction_id, "65a4f0c2b1e2d3a4f5b6c7d8");
  EXPECT_EQ(good->status, "VALID");
  EXPECT_FALSE(notify(R"(,"signature":"none")"));
  EXPECT_FALSE(notify(R"(,"signature":"wrong")"));
  EXPECT_FALSE(notify(R"(,"signature":"stale","changes":{"amount":"1.00"})"));
}

TEST_F(gateway_client, refund_is_asked_for_once_and_followed) {
  const auto sent = pay("65a4f0c2b1e2d3a4f5b6c7d8");
  gateway_refund_request wanted;
  wanted.refund_id = "65a4f0c2b1e2d3a4f5b6c7d8-r";
  wanted.bank_transaction_id = sent.at("fields").at("bank_tran_id").as_string();
  wanted.amount = money{1250'00};
  wanted.remarks = "The lesson & all that fell through";
  const auto first = loop_.run(gateway_->refund(wanted));
  ASSERT_TRUE(first) << first.error().why;
  EXPECT_EQ(first->status, gateway_refund_status::success);
  EXPECT_EQ(judge(*first), refund_outcome::under_way);
  const auto again = loop_.run(gateway_->refund(wanted));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->status, gateway_refund_status::processing);
  EXPECT_EQ(again->reference, first->reference) << "the same refund, and not a second one";
  const auto now = loop_.run(gateway_->refund_status(first->reference));
  ASSERT_TRUE(now) << now.error().why;
  EXPECT_EQ(judge(*now), refund_outcome::refunded);
  EXPECT_EQ(last_call("refund").at("refund_amount"), "1250.00");
  EXPECT_EQ(last_call("refund").at("refund_remarks"), wanted.remarks);
}

TEST_F(gateway_client, refused_refund_is_an_answer_with_its_reason) {
  const auto sent = pay("65a4f0c2b1e2d3a4f5b6c7d8");
  gateway_refund_request wanted;
  wanted.refund_id = "r1";
  wanted.bank_transaction_id = sent.at("fields").at("bank_tran_id").as_string();
  wanted.amount = money{1250'01};
  wanted.remarks = "too much";
  const auto said = loop_.run(gateway_->refund(wanted));
  ASSERT_TRUE(said) << said.error().why;
  EXPECT_EQ(judge(*said), refund_outcome::refused);
  EXPECT_EQ(said->reason, "The refund amount is more than what is left");
}

TEST_F(gateway_client, wrong_credentials_are_refused_with_the_gateways_words) {
  auto options = options_for(emulator_.url());
  options.store_password = "Secret-42";
  const auto other = make_sslcommerz_gateway(options);
  const auto wanted = session_request();
  const auto opened = loop_.run(other->open_session(wanted));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, kind::refused);
  EXPECT_EQ(opened.error().why, "session refused: Store Credential Error Or Store is De-active");
  const std::string id = "x";
  EXPECT_EQ(loop_.run(other->query(id)).error().kind, kind::refused);
  EXPECT_EQ(loop_.run(other->validate(id)).error().kind, kind::refused);
  EXPECT_EQ(loop_.run(other->refund_status(id)).error().kind, kind::refused);
}

TEST_F(gateway_client, what_the_gateway_would_misread_is_never_sent) {
  std::vector<gateway_session_request> wrong(6, session_request());
  wrong[0].transaction_id = "0123456789012345678901234567890";  // 31
  wrong[1].transaction_id = "a b";
  wrong[2].amount = money{9'99};
  wrong[3].amount = money{500'000'01};
  wrong[4].customer.postcode = " ";
  wrong[5].product = "\n";
  for (const auto& each : wrong) {
    const auto opened = loop_.run(gateway_->open_session(each));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, kind::refused) << opened.error().why;
  }
  const std::string nothing;
  EXPECT_FALSE(loop_.run(gateway_->query(nothing)));
  EXPECT_FALSE(loop_.run(gateway_->validate(nothing)));
  EXPECT_FALSE(loop_.run(gateway_->refund_status(nothing)));
  const gateway_refund_request empty;
  EXPECT_FALSE(loop_.run(gateway_->refund(empty)));
  EXPECT_TRUE(emulator_.ask("log").as_array().empty());
}

TEST_F(gateway_client, options_that_would_send_passwords_in_the_clear_are_refused) {
  const auto with = [&](auto change) {
    auto options = options_for(emulator_.url());
    change(options);
    return options;
  };
  EXPECT_THROW(make_sslcommerz_gateway(with([](auto& o) { o.base_url = "http://sandbox.sslcommerz.com"; })),
               std::invalid_argument);
  EXPECT_THROW(make_sslcommerz_gateway(with([](auto& o) { o.base_url = "file:///etc/passwd"; })),
               std::invalid_argument);
  EXPECT_THROW(make_sslcommerz_gateway(with([](auto& o) { o.public_url = "http://shop.example"; })),
               std::invalid_argument);
  EXPECT_THROW(make_sslcommerz_gateway(with([](auto& o) { o.store_password = ""; })), std::invalid_argument);
}

TEST_F(gateway_client, many_callers_on_many_threads_each_get_their_own_answer) {
  constexpr int each_asks = 40;
  for (int i = 0; i < 4; ++i) pay("t" + std::to_string(i));
  std::array<tests::loop, 4> loops;
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, &own = loops[i], id = "t" + std::to_string(i)] {
      const auto here = std::this_thread::get_id();
      const auto ask = [&]() -> boost::asio::awaitable<int> {
        const auto found = co_await gateway_->query(id);
        const bool is_own = found && found->size() == 1 && found->front().transaction_id == id;
        co_return is_own&& std::this_thread::get_id() == here ? 1 : 0;
      };
      std::vector<std::shared_ptr<started_call<int>>> started;
      for (int n = 0; n < each_asks; ++n) started.push_back(own.start(ask()));
      own.run();
      for (const auto& call : started) right += call->outcome.value_or(0);
    });
  for (auto& each : threads) each.join();
  EXPECT_EQ(right, 4 * each_asks);
  gateway_.reset();  // before the loops, which its thread may still be telling
}

}  // namespace
}  // namespace bookings

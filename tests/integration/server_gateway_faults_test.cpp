// The client of SSLCommerz against an emulated gateway that does wrong: what is known to be not done, and what is not.
#include "tests/support/gateway_world.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

namespace bookings {
namespace {

using namespace tests;
using namespace std::chrono_literals;
using kind = gateway_failure_kind;
using clock = std::chrono::steady_clock;

// A port that takes connections and says nothing.
class silent_port {
 public:
  silent_port() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address;
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), bytes) != 0 || ::listen(socket_, 16) != 0 ||
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &bytes) != 0)
      throw std::runtime_error("no free port");
    port_ = ntohs(address.sin_port);
  }
  ~silent_port() { ::close(socket_); }
  silent_port(const silent_port&) = delete;
  std::string text() const { return std::to_string(port_); }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

class gateway_faults : public testing::Test {
 protected:
  void fault(const std::string& how, const std::string& when = "before") {
    emulator_.tell("fault", R"({"how":")" + how + R"(","when":")" + when + "\"}");
  }
  gateway_result<gateway_session> open(payment_gateway& with, std::string id = "65a4f0c2b1e2d3a4f5b6c7d8") {
    const auto wanted = session_request(std::move(id));
    return loop_.run(with.open_session(wanted));
  }

  gateway_emulator emulator_;
  tests::loop loop_;
  std::unique_ptr<payment_gateway> gateway_ = make_sslcommerz_gateway(options_for(emulator_.url()));
};

struct meaning {
  std::string how;
  kind of_session;
};
const std::vector<meaning> meanings{
    {"busy", kind::not_sent},        {"failed", kind::refused},   {"echo", kind::refused},
    {"unauthorized", kind::refused}, {"html", kind::unknown},     {"not_json", kind::unknown},
    {"empty", kind::unknown},        {"huge", kind::unknown},     {"truncated", kind::unknown},
    {"error500", kind::unknown},     {"redirect", kind::unknown}, {"reset", kind::unknown},
    {"close", kind::unknown},
};

TEST_F(gateway_faults, each_means_not_done_or_unknown) {
  for (const auto& each : meanings) {
    fault(each.how);
    const auto opened = open(*gateway_);
    ASSERT_FALSE(opened) << each.how;
    EXPECT_EQ(opened.error().kind, each.of_session) << each.how << ": " << opened.error().why;
    EXPECT_TRUE(opened.error().why.starts_with("session")) << opened.error().why;
    EXPECT_LE(opened.error().why.size(), 300u);
  }
  EXPECT_EQ(emulator_.calls("session"), meanings.size()) << "one request each, whatever went wrong";
  EXPECT_EQ(emulator_.calls("trap"), 0u) << "a redirect was followed";
}

TEST_F(gateway_faults, means_the_same_for_every_operation) {
  const std::string id = "x1";
  gateway_refund_request refund;
  refund.refund_id = refund.bank_transaction_id = refund.remarks = id;
  refund.amount = money{1'00};
  for (const auto& each : meanings) {
    const auto check = [&](const auto& answer) {
      ASSERT_FALSE(answer) << each.how;
      EXPECT_EQ(answer.error().kind, each.of_session) << each.how << ": " << answer.error().why;
      EXPECT_EQ(answer.error().why.find(store_password), std::string::npos) << answer.error().why;
    };
    // "reset" and "close" on a connection that was kept: libcurl asks a question once more by itself.
    emulator_.tell("fault", R"({"how":")" + each.how + R"(","times":10})");
    check(loop_.run(gateway_->validate(id)));
    check(loop_.run(gateway_->query(id)));
    check(loop_.run(gateway_->refund(refund)));
    check(loop_.run(gateway_->refund_status(id)));
    emulator_.tell("reset", "{}");
  }
}

TEST_F(gateway_faults, right_answer_under_a_wrong_type_is_an_answer) {
  fault("wrong_type", "after");
  EXPECT_TRUE(open(*gateway_));
}

TEST_F(gateway_faults, credentials_and_control_characters_stay_out_of_errors) {
  fault("echo");
  const auto opened = open(*gateway_);
  ASSERT_FALSE(opened);
  const auto& why = opened.error().why;
  EXPECT_NE(why.find("Invalid Information! *** ***"), std::string::npos) << why;
  EXPECT_EQ(why.find(store_password), std::string::npos) << why;
  EXPECT_EQ(why.find(store_id), std::string::npos) << why;
  EXPECT_EQ(why.find('\n'), std::string::npos);
  EXPECT_EQ(why.find('\x1b'), std::string::npos);
}

// On a kept connection libcurl would send a request again that got no answer at all: two sessions for one attempt.
TEST_F(gateway_faults, session_is_never_asked_for_twice) {
  const std::string id = "65a4f0c2b1e2d3a4f5b6c7d8";
  for (const auto how : {"close", "reset"}) {
    ASSERT_TRUE(loop_.run(gateway_->query(id)));  // leaves a connection behind
    fault(how, "after");
    const auto opened = open(*gateway_, id);
    ASSERT_FALSE(opened);
    EXPECT_TRUE(opened.error().is_unknown());
  }
  EXPECT_EQ(emulator_.ask("sessions").at(id), 2) << "one for each attempt: it was opened, and we cannot know";
}

TEST_F(gateway_faults, refund_is_never_asked_for_twice) {
  const std::string id = "x1";
  gateway_refund_request refund;
  refund.refund_id = refund.bank_transaction_id = refund.remarks = id;
  refund.amount = money{1'00};
  ASSERT_TRUE(loop_.run(gateway_->query(id)));
  fault("close");
  EXPECT_TRUE(loop_.run(gateway_->refund(refund)).error().is_unknown());
  EXPECT_EQ(emulator_.calls("refund"), 1u);
}

TEST_F(gateway_faults, no_answer_in_time_is_unknown) {
  auto options = options_for(emulator_.url());
  options.session_time = 300ms;
  const auto hasty = make_sslcommerz_gateway(options);
  fault("hang");
  const auto begin = clock::now();
  const auto opened = open(*hasty);
  ASSERT_FALSE(opened);
  EXPECT_TRUE(opened.error().is_unknown()) << opened.error().why;
  EXPECT_GE(clock::now() - begin, 290ms);
  EXPECT_LT(clock::now() - begin, 5s);
}

TEST_F(gateway_faults, slow_answer_within_the_time_is_an_answer) {
  emulator_.tell("settings", R"({"session_delay":0.4})");
  EXPECT_TRUE(open(*gateway_));
}

TEST_F(gateway_faults, nobody_there_is_not_sent) {
  emulator_.kill();
  const auto opened = open(*gateway_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, kind::not_sent);
  EXPECT_NE(opened.error().why.find("Failed to connect"), std::string::npos) << opened.error().why;
}

TEST_F(gateway_faults, no_tls_handshake_in_time_is_not_sent) {
  const silent_port silent;
  auto options = options_for("https://127.0.0.1:" + silent.text());
  options.connect_time = 300ms;
  const auto begin = clock::now();
  const auto opened = open(*make_sslcommerz_gateway(options));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, kind::not_sent) << opened.error().why;
  EXPECT_LT(clock::now() - begin, 5s);
}

TEST_F(gateway_faults, server_without_tls_is_not_sent) {
  const auto opened =
      open(*make_sslcommerz_gateway(options_for("https://127.0.0.1:" + std::to_string(emulator_.port()))));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, kind::not_sent) << opened.error().why;
  EXPECT_EQ(emulator_.calls("session"), 0u);
}

TEST_F(gateway_faults, calls_beyond_the_bounds_are_not_sent_at_once) {
  auto options = options_for(emulator_.url());
  options.most_in_flight = 2;
  options.most_waiting = 1;
  options.call_time = 1s;
  const auto narrow = make_sslcommerz_gateway(options);
  emulator_.tell("fault", R"({"how":"hang","times":10})");
  const std::string id = "x1";
  std::vector<std::shared_ptr<started_call<gateway_result<std::vector<gateway_transaction>>>>> started;
  for (int i = 0; i < 4; ++i) started.push_back(loop_.start(narrow->query(id)));
  loop_.run();
  EXPECT_EQ(emulator_.calls("query"), 2u) << "no more than two at once";
  for (int i = 0; i < 2; ++i) EXPECT_EQ(started[i]->outcome->error().kind, kind::unknown);
  EXPECT_EQ(started[2]->outcome->error().kind, kind::not_sent);
  EXPECT_EQ(started[2]->outcome->error().why, "query: its turn did not come in time");
  EXPECT_EQ(started[3]->outcome->error().kind, kind::not_sent);
  EXPECT_EQ(started[3]->outcome->error().why, "query: too many calls wait already, or no more are made");
  emulator_.tell("reset", "{}");
  EXPECT_TRUE(loop_.run(narrow->query(id))) << "and then there is room again";
}

TEST_F(gateway_faults, waiting_call_ends_in_time_while_others_take_longer) {
  auto options = options_for(emulator_.url());
  options.most_in_flight = 1;
  options.call_time = 300ms;
  const auto narrow = make_sslcommerz_gateway(options);
  fault("hang");
  const auto wanted = session_request();
  const auto runs = loop_.start(narrow->open_session(wanted));
  loop_.poll();
  ASSERT_TRUE(emulator_.has_calls("session", 1));
  const std::string id = "x1";
  const auto begin = clock::now();
  const auto waits = loop_.start(narrow->query(id));
  while (!waits->outcome && clock::now() - begin < 20s) loop_.context().restart(), loop_.context().run_one_for(1s);
  EXPECT_LT(clock::now() - begin, 3s) << "it waited for the end of the call before it";
  ASSERT_TRUE(waits->outcome);
  EXPECT_EQ(waits->outcome->error().kind, kind::not_sent);
  EXPECT_FALSE(runs->outcome);
  narrow->close();
  loop_.run();
}

TEST_F(gateway_faults, endless_answer_is_cut_off) {
  fault("huge");
  const auto opened = open(*gateway_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().why, "session: the reply is larger than 1048576 bytes");
}

// A proxy of the environment would be handed the password.
TEST_F(gateway_faults, no_proxy_stands_between_servers_on_one_machine) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  ::setenv("all_proxy", "http://127.0.0.1:1", 1);
  const auto opened = open(*gateway_);
  ::unsetenv("http_proxy");
  ::unsetenv("all_proxy");
  EXPECT_TRUE(opened) << opened.error().why;
}

TEST_F(gateway_faults, waiting_call_has_its_turn_when_another_ends) {
  auto options = options_for(emulator_.url());
  options.most_in_flight = 1;
  const auto narrow = make_sslcommerz_gateway(options);
  const std::string id = "x1";
  std::vector<std::shared_ptr<started_call<gateway_result<std::vector<gateway_transaction>>>>> started;
  for (int i = 0; i < 20; ++i) started.push_back(loop_.start(narrow->query(id)));
  loop_.run();
  for (const auto& each : started) EXPECT_TRUE(*each->outcome);
}

TEST_F(gateway_faults, cancelled_call_ends_at_once) {
  auto options = options_for(emulator_.url());
  options.most_in_flight = 1;
  const auto narrow = make_sslcommerz_gateway(options);
  emulator_.tell("fault", R"({"how":"hang","times":10})");
  const auto wanted = session_request();
  const auto runs = loop_.start(narrow->open_session(wanted));
  loop_.poll();
  ASSERT_TRUE(emulator_.has_calls("session", 1));
  const auto waits = loop_.start(narrow->open_session(wanted));
  loop_.poll();
  const auto begin = clock::now();
  waits->cancel.emit(boost::asio::cancellation_type::terminal);  // first: the other's end would be its turn
  runs->cancel.emit(boost::asio::cancellation_type::terminal);
  loop_.run();
  EXPECT_LT(clock::now() - begin, 5s);
  ASSERT_TRUE(runs->outcome && !runs->thrown);
  EXPECT_EQ(runs->outcome->error().kind, kind::unknown) << "it had been sent";
  ASSERT_TRUE(waits->outcome && !waits->thrown);
  EXPECT_EQ(waits->outcome->error().kind, kind::not_sent) << waits->outcome->error().why;
  EXPECT_EQ(emulator_.calls("session"), 1u);
}

TEST_F(gateway_faults, closing_ends_every_call_and_refuses_further_ones) {
  auto options = options_for(emulator_.url());
  options.most_in_flight = 1;
  const auto narrow = make_sslcommerz_gateway(options);
  emulator_.tell("fault", R"({"how":"hang","times":10})");
  const auto wanted = session_request();
  const auto runs = loop_.start(narrow->open_session(wanted)), waits = loop_.start(narrow->open_session(wanted));
  loop_.poll();
  ASSERT_TRUE(emulator_.has_calls("session", 1));
  narrow->close();
  loop_.run();
  EXPECT_EQ(runs->outcome->error().kind, kind::unknown);
  EXPECT_EQ(waits->outcome->error().kind, kind::not_sent);
  EXPECT_EQ(open(*narrow).error().kind, kind::not_sent);
}

TEST_F(gateway_faults, its_end_answers_what_is_under_way) {
  auto brief = make_sslcommerz_gateway(options_for(emulator_.url()));
  fault("hang");
  const auto wanted = session_request();
  const auto runs = loop_.start(brief->open_session(wanted));
  loop_.poll();
  ASSERT_TRUE(emulator_.has_calls("session", 1));
  brief.reset();
  loop_.run();
  EXPECT_TRUE(runs->outcome->error().is_unknown());
  runs->cancel.emit(boost::asio::cancellation_type::terminal);  // nobody is there any more, and that is all right
}

TEST_F(gateway_faults, loop_that_ends_first_drops_the_call) {
  const auto wanted = session_request();
  emulator_.tell("settings", R"({"session_delay":0.1})");
  auto ending = std::make_unique<tests::loop>();
  const auto dropped = ending->start(gateway_->open_session(wanted));
  ending->poll();
  ASSERT_TRUE(emulator_.has_calls("session", 1));
  gateway_.reset();  // as is required: before the loop
  ending.reset();
  EXPECT_FALSE(dropped->outcome);
}

}  // namespace
}  // namespace bookings

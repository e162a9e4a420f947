// Sessions and the listener over real sockets on the loopback.
#include "server/http/io_threads.hpp"
#include "server/http/listener.hpp"
#include "server/http/session.hpp"
#include "tests/support/http_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/beast/http/verb.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace bookings::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using tests::raw_client;

constexpr std::size_t large_bytes = 16 * 1024 * 1024;  // more than the sockets' buffers take at once

// Two pieces; or, where it is endless, one large one after the other.
class pieces final : public body_stream {
 public:
  explicit pieces(bool is_endless) : is_endless_(is_endless) {}
  asio::awaitable<std::shared_ptr<const std::string>> next() override {
    if (is_endless_) co_return large_;
    const char* const texts[] = {"one", "and another of 24 bytes."};
    if (at_ == std::size(texts)) co_return nullptr;
    co_return std::make_shared<const std::string>(texts[at_++]);
  }

 private:
  const bool is_endless_;
  const std::shared_ptr<const std::string> large_ = std::make_shared<const std::string>(1024 * 1024, 'x');
  std::size_t at_ = 0;
};

// A server whose handler echoes, with a path for each odd behaviour.
class server {
 public:
  explicit server(session_limits limits = {}, std::size_t most_connections = 100) : threads_(2) {
    listener_options options;
    options.limits = limits;
    options.most_connections = most_connections;
    listener_.emplace(threads_, options, [this](request& what) { return handle(what); });
    listener_->start();
    threads_.start();
  }
  ~server() {
    gate_open = true;
    threads_.stop();
    threads_.join();
    listener_.reset();
  }

  std::uint16_t port() const { return listener_->port(); }
  std::size_t connections() const { return listener_->connections(); }
  std::future<void> drain(std::chrono::milliseconds within) {
    return asio::co_spawn(threads_.context(1), listener_->drain(std::chrono::steady_clock::now() + within),
                          asio::use_future);
  }
  // Waits, with a limit, until a condition of the server holds.
  template <class Condition>
  static bool eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 5s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }

  std::atomic<int> at_gate{0};         // how many requests wait in "/gate"
  std::atomic<bool> gate_open{false};  // lets them go on

 private:
  asio::awaitable<reply> handle(request& what) {
    what.request_id = "test-id";
    reply answer;
    answer.content_type = "text/plain";
    if (what.path == "/gate") {
      ++at_gate;
      asio::steady_timer timer(co_await asio::this_coro::executor);
      while (!gate_open) {
        timer.expires_after(1ms);
        co_await timer.async_wait(asio::use_awaitable);
      }
      --at_gate;
    }
    if (what.path == "/throw") throw std::runtime_error("on purpose");
    if (what.path == "/thread") answer.own(std::to_string(std::hash<std::thread::id>()(std::this_thread::get_id())));
    if (what.path == "/large") answer.own(std::string(large_bytes, 'x'));
    if (what.path == "/nothing") answer.status = 204;
    if (what.path == "/stream") answer.stream = std::make_shared<pieces>(false);
    if (what.path == "/endless") answer.stream = std::make_shared<pieces>(true);
    if (answer.body.empty()) {
      const bool is_get = what.method == boost::beast::http::verb::get;
      answer.head = is_get ? "GET " : "";  // a body of two pieces, or of one
      const auto method = is_get ? std::string() : std::string(to_string(what.method)) + " ";
      answer.own(method + what.target + " " + what.body);
    }
    co_return answer;
  }

  io_threads threads_;
  std::optional<listener> listener_;
};

constexpr std::string_view host = "Host: test\r\n";

std::string get(std::string_view target, std::string_view headers = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\n" + std::string(host) + std::string(headers) + "\r\n";
}
std::string post(std::string_view target, std::string_view headers, std::string_view body) {
  return "POST " + std::string(target) + " HTTP/1.1\r\n" + std::string(host) + std::string(headers) + "\r\n" +
         std::string(body);
}

// Sends bytes on a new connection and expects a refusal in the JSON form, then the end of the connection.
void expect_refusal(server& under_test, std::string_view bytes, unsigned status, std::string_view code) {
  raw_client client(under_test.port());
  client.send(bytes);
  const auto got = client.receive();
  const auto what = bytes.substr(0, 120);
  EXPECT_EQ(got.status, status) << what;
  EXPECT_EQ(got.header("Connection"), "close") << what;
  EXPECT_TRUE(got.body.starts_with("{\"success\":false,\"error\":{\"code\":\"" + std::string(code) + "\"")) << got.body;
  EXPECT_FALSE(got.header("X-Request-Id").empty());
  EXPECT_NE(got.body.find("\"requestId\":\"" + got.header("X-Request-Id") + "\""), got.body.npos) << got.body;
  EXPECT_TRUE(client.is_closed()) << what;
}

TEST(http_session, keep_alive_serves_one_request_after_the_other) {
  server here;
  raw_client client(here.port());
  for (int at = 0; at < 3; ++at) {
    client.send(post("/a", "Content-Length: 5\r\n", "hello"));
    const auto got = client.receive();
    EXPECT_EQ(got.status, 200u);
    EXPECT_EQ(got.body, "POST /a hello");
    EXPECT_EQ(got.header("Connection"), "");
    EXPECT_EQ(got.header("Content-Type"), "text/plain");
    EXPECT_EQ(got.header("X-Request-Id"), "test-id");
    EXPECT_FALSE(got.header("Date").empty());
  }
  EXPECT_EQ(here.connections(), 1u);
}

TEST(http_session, pipelined_requests_are_answered_in_order) {
  server here;
  raw_client client(here.port());
  std::string bytes;
  for (int at = 0; at < 500; ++at) {
    bytes += get("/" + std::to_string(at));
    bytes += post("/p" + std::to_string(at), "Content-Length: 3\r\n", "abc");
  }
  client.send(bytes);
  for (int at = 0; at < 500; ++at) {
    ASSERT_EQ(client.receive().body, "GET /" + std::to_string(at) + " ");
    ASSERT_EQ(client.receive().body, "POST /p" + std::to_string(at) + " abc");
  }
}

TEST(http_session, pipelined_request_waits_for_the_one_before_it) {
  server here;
  raw_client client(here.port());
  client.send(get("/gate") + get("/gate"));
  ASSERT_TRUE(server::eventually([&] { return here.at_gate == 1; }));
  here.gate_open = true;
  EXPECT_EQ(client.receive().status, 200u);
  EXPECT_EQ(client.receive().status, 200u);
}

TEST(http_session, request_in_single_bytes_is_put_together) {
  server here;
  raw_client client(here.port());
  for (const char byte : post("/a", "Content-Length: 2\r\n", "hi")) ASSERT_TRUE(client.send({&byte, 1}));
  EXPECT_EQ(client.receive().body, "POST /a hi");
}

TEST(http_session, chunked_body_is_put_together) {
  server here;
  raw_client client(here.port());
  client.send(post("/a", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n") + get("/b"));
  EXPECT_EQ(client.receive().body, "POST /a abcde");
  EXPECT_EQ(client.receive().body, "GET /b ");
}

TEST(http_session, head_gets_the_headers_of_get_and_no_body) {
  server here;
  raw_client client(here.port());
  client.send("HEAD /a HTTP/1.1\r\nHost: test\r\n\r\n" + get("/b"));
  const auto got = client.receive(false);
  EXPECT_EQ(got.status, 200u);
  EXPECT_EQ(got.header("Content-Length"), std::to_string(std::string("HEAD /a ").size()));
  EXPECT_EQ(client.receive().body, "GET /b ");
}

TEST(http_session, no_content_has_no_body) {
  server here;
  raw_client client(here.port());
  client.send(get("/nothing") + get("/b"));
  const auto got = client.receive();
  EXPECT_EQ(got.status, 204u);
  EXPECT_EQ(got.head.find("Content-Length"), got.head.npos);
  EXPECT_EQ(client.receive().body, "GET /b ");
}

TEST(http_session, large_reply_to_a_slow_client_arrives_whole) {
  server here;
  raw_client client(here.port());
  client.send(get("/large") + get("/b"));
  ASSERT_TRUE(server::eventually([&] { return here.connections() == 1; }));
  EXPECT_EQ(client.receive().body, std::string(large_bytes, 'x'));
  EXPECT_EQ(client.receive().body, "GET /b ");
}

TEST(http_session, http_1_0_closes_unless_asked_to_stay) {
  server here;
  raw_client client(here.port());
  client.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.receive().header("Connection"), "keep-alive");
  client.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.receive().header("Connection"), "close");
  EXPECT_TRUE(client.is_closed());
}

TEST(http_session, connection_close_is_kept) {
  server here;
  raw_client client(here.port());
  client.send(get("/a", "Connection: close\r\n"));
  EXPECT_EQ(client.receive().header("Connection"), "close");
  EXPECT_TRUE(client.is_closed());
}

TEST(http_session, client_that_only_closes_its_side_gets_its_reply) {
  server here;
  raw_client client(here.port());
  client.send(get("/a"));
  client.finish();
  EXPECT_EQ(client.receive().status, 200u);
  EXPECT_TRUE(client.is_closed());
}

TEST(http_session, expect_continue_is_answered_before_the_body) {
  server here;
  raw_client client(here.port());
  client.send(post("/a", "Expect: 100-continue\r\nContent-Length: 5\r\n", ""));
  EXPECT_EQ(client.receive().status, 100u);
  client.send("hello");
  EXPECT_EQ(client.receive().body, "POST /a hello");
}

TEST(http_session, expect_continue_with_too_large_a_body_is_refused_at_once) {
  server here;
  expect_refusal(here, post("/a", "Expect: 100-continue\r\nContent-Length: 65537\r\n", ""), 413, "body_too_large");
}

TEST(http_session, exception_of_the_handler_is_500_and_the_connection_stays) {
  server here;
  raw_client client(here.port());
  client.send(get("/throw") + get("/b"));
  const auto got = client.receive();
  EXPECT_EQ(got.status, 500u);
  EXPECT_EQ(got.body.find("on purpose"), got.body.npos);
  EXPECT_EQ(client.receive().body, "GET /b ");
}

TEST(http_session, absolute_form_is_taken) {
  server here;
  raw_client client(here.port());
  client.send(get("http://test/a?b=1"));
  EXPECT_EQ(client.receive().body, "GET /a?b=1 ");
}

TEST(http_session, sizes_at_their_limits_are_taken) {
  server here;
  raw_client client(here.port());
  const session_limits limits;
  client.send(get("/" + std::string(limits.target_bytes - 1, 'a')));
  EXPECT_EQ(client.receive().status, 200u);
  client.send(post("/", "Content-Length: 65536\r\n", std::string(limits.body_bytes, 'a')));
  EXPECT_EQ(client.receive().body.size(), limits.body_bytes + std::string("POST / ").size());
}

TEST(http_session, sizes_over_their_limits_are_refused) {
  server here;
  const session_limits limits;
  expect_refusal(here, get("/" + std::string(limits.target_bytes, 'a')), 414, "target_too_long");
  expect_refusal(here, get("/" + std::string(limits.header_bytes, 'a')), 414, "target_too_long");
  expect_refusal(here, get("/" + std::string(1'000'000, 'a')), 414, "target_too_long");
  expect_refusal(here, get("/", "X: " + std::string(limits.header_bytes, 'a') + "\r\n"), 431, "headers_too_large");
  std::string many;
  for (int at = 0; at < 3'000; ++at) many += "X-" + std::to_string(at) + ": 1\r\n";
  expect_refusal(here, get("/", many), 431, "headers_too_large");
  const std::string body(limits.body_bytes + 1, 'a');
  expect_refusal(here, post("/", "Content-Length: 65537\r\n", body), 413, "body_too_large");
  expect_refusal(here, post("/", "Content-Length: 9999999999999\r\n", body), 413, "body_too_large");
  expect_refusal(here, post("/", "Transfer-Encoding: chunked\r\n", "10001\r\n" + body), 413, "body_too_large");
}

TEST(http_session, large_refused_body_does_not_keep_the_reply_from_its_sender) {
  server here;
  expect_refusal(here, post("/", "Content-Length: 4000000\r\n", std::string(4'000'000, 'a')), 413, "body_too_large");
}

TEST(http_session, broken_requests_are_malformed) {
  server here;
  const auto end = std::string("\r\n\r\n");
  const std::string te = "Transfer-Encoding: chunked\r\n", cl = "Content-Length: 3\r\n";
  for (const auto& bytes : std::vector<std::string>{
           post("/", te + cl, "abc"),
           post("/", cl + te, "abc"),
           post("/", "Content-Length: 3\r\nContent-Length: 4\r\n", "abc"),
           post("/", "Content-Length: -3\r\n", "abc"),
           post("/", "Content-Length: 3x\r\n", "abc"),
           post("/", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
           post("/", "Transfer-Encoding: gzip\r\n", "abc"),
           post("/", te, "xyz\r\n"),
           post("/", te, "1\r\nabc\r\n"),
           "GET / HTTP/1.1" + end,                          // no Host
           get("/", "Host: other\r\n"),                     // two of them
           "GET / HTTP/2.0\r\nHost: test" + end,            // not our version
           "GET /" + end,                                   // none at all
           "GET / HTTP/1.1\nHost: test\n\n",                // bare LF
           "GET / HTTP/1.1\r\nHost: test\nX: 1" + end,      // bare LF
           get("/", "X : 1\r\n"),                           // a space before the colon
           get("/", std::string("X: a") + '\0' + "b\r\n"),  // NUL
           get(std::string("/a") + '\0'),                   // NUL
           get("/%00"),
           get("/?a=%ff"),
           get("/%zz"),
           get("*"),
           get("other"),
           std::string("\x16\x03\x01\x02"),  // TLS on the wrong port
       }) {
    expect_refusal(here, bytes, 400, "malformed");
  }
}

TEST(http_session, broken_request_after_a_good_one_does_not_spoil_its_reply) {
  server here;
  raw_client client(here.port());
  client.send(get("/a") + "broken\r\n\r\n" + get("/b"));
  EXPECT_EQ(client.receive().body, "GET /a ");
  EXPECT_EQ(client.receive().status, 400u);
  EXPECT_TRUE(client.is_closed());
}

TEST(http_session, started_request_that_does_not_end_is_408) {
  session_limits limits;
  limits.request_timeout = 50ms;
  server here(limits);
  expect_refusal(here, "GET / HT", 408, "request_timeout");
  expect_refusal(here, post("/", "Content-Length: 5\r\n", "abc"), 408, "request_timeout");
}

TEST(http_session, dripping_bytes_do_not_prolong_a_request) {
  session_limits limits;
  limits.request_timeout = 100ms;
  limits.linger_timeout = 20ms;
  server here(limits);
  raw_client client(here.port());
  client.send("GET / HTTP/1.1\r\nX: ");
  ASSERT_TRUE(server::eventually([&] { return here.connections() == 1; }));
  ASSERT_TRUE(server::eventually([&] {
    client.send("a");
    return here.connections() == 0;
  }));
}

TEST(http_session, idle_connection_is_closed_without_a_word) {
  session_limits limits;
  limits.idle_timeout = 50ms;
  server here(limits);
  raw_client fresh(here.port()), used(here.port());
  used.send(get("/a"));
  EXPECT_EQ(used.receive().status, 200u);
  EXPECT_TRUE(fresh.is_closed());
  EXPECT_TRUE(used.is_closed());
}

TEST(http_session, running_request_is_not_idle) {
  session_limits limits;
  limits.idle_timeout = limits.request_timeout = limits.write_timeout = 20ms;
  server here(limits);
  raw_client client(here.port()), other(here.port());
  client.send(get("/gate"));
  ASSERT_TRUE(server::eventually([&] { return here.at_gate == 1; }));
  EXPECT_TRUE(other.is_closed());  // its idle time is over, so the deadlines of the first would be too
  here.gate_open = true;
  EXPECT_EQ(client.receive().status, 200u);
}

TEST(http_session, client_that_takes_nothing_is_given_up) {
  session_limits limits;
  limits.write_timeout = 50ms;
  limits.linger_timeout = 20ms;
  server here(limits);
  raw_client client(here.port());
  client.send(get("/large"));
  ASSERT_TRUE(server::eventually([&] { return here.connections() == 1; }));
  EXPECT_TRUE(server::eventually([&] { return here.connections() == 0; }));
  EXPECT_EQ(client.receive().status, 0u);
}

TEST(http_session, stream_is_sent_in_chunks_and_ends_the_connection) {
  server here;
  raw_client client(here.port());
  client.send(get("/stream") + get("/next"));
  const auto all = client.receive_all().value_or("");
  const auto head = all.substr(0, all.find("\r\n\r\n") + 4), body = all.substr(head.size());
  EXPECT_TRUE(head.find("\r\nTransfer-Encoding: chunked\r\n") != std::string::npos);
  EXPECT_TRUE(head.find("\r\nConnection: close\r\n") != std::string::npos);
  EXPECT_EQ(head.find("Content-Length"), std::string::npos);
  EXPECT_EQ(body, "3\r\none\r\n18\r\nand another of 24 bytes.\r\n0\r\n\r\n");
}

TEST(http_session, stream_for_http_1_0_has_no_chunks) {
  server here;
  raw_client client(here.port());
  client.send("GET /stream HTTP/1.0\r\n\r\n");
  const auto all = client.receive_all().value_or("");
  EXPECT_EQ(all.find("Transfer-Encoding"), std::string::npos);
  EXPECT_TRUE(all.ends_with("\r\n\r\noneand another of 24 bytes."));
}

TEST(http_session, stream_for_head_sends_its_head_alone) {
  server here;
  raw_client client(here.port());
  client.send("HEAD /endless HTTP/1.1\r\n" + std::string(host) + "\r\n");
  const auto all = client.receive_all().value_or("x");
  EXPECT_TRUE(all.ends_with("\r\n\r\n"));
}

TEST(http_session, stream_that_nobody_takes_is_given_up) {
  session_limits limits;
  limits.write_timeout = 50ms;
  limits.linger_timeout = 20ms;
  server here(limits);
  raw_client client(here.port());
  client.send(get("/endless"));
  ASSERT_TRUE(server::eventually([&] { return here.connections() == 1; }));
  EXPECT_TRUE(server::eventually([&] { return here.connections() == 0; }));
}

TEST(http_session, stream_ends_with_draining) {
  server here;
  raw_client client(here.port());
  client.send(get("/endless"));
  EXPECT_EQ(client.receive(false).status, 200u);  // it has begun
  auto drained = here.drain(5s);
  const auto all = client.receive_all().value_or("");
  // The last chunk; what stood before it may have come with the head.
  EXPECT_TRUE(all.ends_with("0\r\n\r\n")) << "it ends with: " << all.substr(all.size() - std::min<std::size_t>(all.size(), 40));
  EXPECT_EQ(drained.wait_for(5s), std::future_status::ready);
}

TEST(http_listener, connections_are_dealt_to_all_threads) {
  server here;
  raw_client one(here.port()), two(here.port());
  std::set<std::string> threads;
  for (auto* client : {&one, &two}) {
    client->send(get("/thread"));
    threads.insert(client->receive().body);
  }
  EXPECT_EQ(threads.size(), 2u);
}

TEST(http_listener, one_connection_too_many_is_turned_away) {
  server here({}, 2);
  {
    raw_client one(here.port()), two(here.port());
    ASSERT_TRUE(server::eventually([&] { return here.connections() == 2; }));
    raw_client three(here.port());
    const auto got = three.receive();
    EXPECT_EQ(got.status, 503u);
    EXPECT_EQ(got.header("Retry-After"), "1");
    EXPECT_TRUE(three.is_closed());
    one.send(get("/a"));
    EXPECT_EQ(one.receive().status, 200u);
  }
  ASSERT_TRUE(server::eventually([&] { return here.connections() == 0; }));
  raw_client four(here.port());
  four.send(get("/a"));
  EXPECT_EQ(four.receive().status, 200u);
}

TEST(http_listener, port_in_use_throws) {
  server here;
  io_threads threads(1);
  listener_options options;
  options.port = here.port();
  EXPECT_THROW(listener(threads, options, {}), boost::system::system_error);
}

TEST(http_listener, drain_closes_idle_connections_and_lets_requests_finish) {
  server here;
  raw_client idle(here.port()), busy(here.port());
  idle.send(get("/a"));
  EXPECT_EQ(idle.receive().status, 200u);
  busy.send(get("/gate") + get("/never"));
  ASSERT_TRUE(server::eventually([&] { return here.at_gate == 1; }));

  auto drained = here.drain(5s);
  EXPECT_TRUE(idle.is_closed());
  EXPECT_TRUE(server::eventually([&] {
    try {
      raw_client late(here.port());
    } catch (const std::runtime_error&) {
      return true;
    }
    return false;
  }));
  EXPECT_EQ(drained.wait_for(0s), std::future_status::timeout);

  here.gate_open = true;
  const auto got = busy.receive();
  EXPECT_EQ(got.status, 200u);
  EXPECT_EQ(got.header("Connection"), "close");
  EXPECT_TRUE(busy.is_closed());
  busy.finish();
  drained.get();
  EXPECT_EQ(here.connections(), 0u);
}

TEST(http_listener, drain_lets_a_reply_that_is_being_written_arrive_whole) {
  server here;
  raw_client client(here.port());
  client.send(get("/gate") + get("/large"));
  ASSERT_TRUE(server::eventually([&] { return here.at_gate == 1; }));
  here.gate_open = true;
  EXPECT_EQ(client.receive().status, 200u);
  auto drained = here.drain(5s);
  const auto got = client.receive();  // begun before the drain or not: if at all, then whole
  if (got.status != 0) {
    EXPECT_EQ(got.body.size(), large_bytes);
  }
  client.finish();
  drained.get();
  EXPECT_EQ(here.connections(), 0u);
}

TEST(http_listener, drain_closes_what_is_left_at_its_deadline) {
  server here;
  raw_client client(here.port());
  client.send(get("/large"));  // more than the socket takes: never read, so never finished
  raw_client stuck(here.port());
  stuck.send(get("/gate"));
  ASSERT_TRUE(server::eventually([&] { return here.at_gate == 1; }));
  here.drain(50ms).get();
  EXPECT_EQ(here.connections(), 1u);  // its handler still runs, but its client is gone
  EXPECT_TRUE(stuck.is_closed());
  here.gate_open = true;
  EXPECT_TRUE(server::eventually([&] { return here.connections() == 0; }));
}

TEST(http_listener, requests_under_way_at_the_end_of_the_threads_are_destroyed_quietly) {
  std::optional<raw_client> client;
  {
    server here;
    client.emplace(here.port());
    client->send(get("/gate"));
    ASSERT_TRUE(server::eventually([&] { return here.at_gate == 1; }));
  }
  EXPECT_TRUE(client->is_closed());
}

}  // namespace
}  // namespace bookings::http

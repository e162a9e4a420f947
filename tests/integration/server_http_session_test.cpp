// Sessions over real sockets on the loopback.
#include "tests/support/echo_server.hpp"
#include "tests/support/http_client.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace bookings::http {
namespace {

using namespace std::chrono_literals;
using tests::raw_client, tests::get, tests::post, tests::host, tests::large_bytes;
using server = tests::echo_server;

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

}  // namespace
}  // namespace bookings::http

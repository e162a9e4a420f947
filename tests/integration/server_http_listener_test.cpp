// The listener over real sockets on the loopback: threads, limits, the end.
#include "tests/support/echo_server.hpp"
#include "tests/support/http_client.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace bookings::http {
namespace {

using namespace std::chrono_literals;
using tests::raw_client, tests::get, tests::host, tests::large_bytes;
using server = tests::echo_server;

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

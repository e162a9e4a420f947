#include "server/ops/live_viewers.hpp"

#include "server/ops/live.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace bookings::ops {
namespace {

namespace asio = boost::asio;

class live_viewers_test : public ::testing::Test {
 protected:
  std::shared_ptr<http::body_stream> watch(bool may_look = true) {
    return viewers.add(io.get_executor(), std::make_shared<const std::string>("first"),
                       [may_look]() -> asio::awaitable<bool> { co_return may_look; });
  }
  // Asks for the next piece; where none is there yet, `told` waits for run().
  void ask(const std::shared_ptr<http::body_stream>& from) {
    asio::co_spawn(
        io,
        [this, from]() -> asio::awaitable<void> {
          const auto piece = co_await from->next();
          told.push_back(piece ? *piece : "end");
        },
        asio::detached);
    run();
  }
  void run() {
    io.restart();
    io.poll();
  }

  asio::io_context io;
  live_viewers viewers;
  std::vector<std::string> told;
};

TEST_F(live_viewers_test, viewer_gets_its_beginning_and_then_what_is_told) {
  viewers.tell("before", "{}");
  const auto stream = watch();
  ask(stream);
  ask(stream);
  EXPECT_EQ(told, std::vector<std::string>{"first"});
  viewers.tell("tick", "{}");
  run();
  EXPECT_EQ(told, (std::vector<std::string>{"first", "event: tick\ndata: {}\n\n"}));
}

TEST_F(live_viewers_test, viewer_that_falls_behind_the_queue_is_dropped_and_another_is_not) {
  const auto slow = watch(), quick = watch();
  ask(slow);
  ask(quick);
  for (int i = 0; i < 100; ++i) {
    viewers.tell("tick", "{}");
    ask(quick);
  }
  EXPECT_EQ(told.size(), 102u);
  ask(slow);
  EXPECT_EQ(told.back(), "end");
  viewers.tell("tick", "{}");
  ask(quick);
  EXPECT_EQ(told.back(), "event: tick\ndata: {}\n\n");
}

TEST_F(live_viewers_test, closing_ends_who_waits_and_who_comes_later) {
  const auto stream = watch();
  ask(stream);
  ask(stream);
  viewers.close();
  run();
  EXPECT_EQ(told.back(), "end");
  EXPECT_EQ(watch(), nullptr);
}

TEST_F(live_viewers_test, no_more_than_their_number_and_places_are_given_back) {
  std::vector<std::shared_ptr<http::body_stream>> all;
  for (std::size_t i = 0; i < live::most_viewers; ++i) all.push_back(watch());
  EXPECT_TRUE(all.back());
  EXPECT_EQ(watch(), nullptr);
  all.pop_back();
  EXPECT_EQ(viewers.size(), live::most_viewers - 1);
  EXPECT_TRUE(watch());
}

TEST_F(live_viewers_test, stream_outlives_its_viewers) {
  std::shared_ptr<http::body_stream> stream;
  {
    live_viewers gone;
    stream = gone.add(io.get_executor(), nullptr, []() -> asio::awaitable<bool> { co_return true; });
  }
  ask(stream);
  EXPECT_EQ(told.back(), "end");
}

}  // namespace
}  // namespace bookings::ops

// W3C's traceparent, and a trace that goes with an executor.
#include "reprise/trace.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <map>
#include <mutex>

namespace reprise {
namespace {

namespace asio = boost::asio;
using asio::awaitable;

struct recorder final : span_recorder {
  void record(finished_span done) noexcept override {
    const std::lock_guard lock(mutex);
    spans.push_back(std::move(done));
  }
  const finished_span& named(std::string_view name) const {
    for (const auto& each : spans)
      if (each.name == name) return each;
    throw std::out_of_range(std::string(name));
  }
  std::mutex mutex;
  std::vector<finished_span> spans;
};

constexpr std::string_view good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(traceparent, what_was_read_is_written_again) {
  const auto found = parse_traceparent(good);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->is_sampled);
  EXPECT_EQ(to_hex(found->trace), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(to_hex(found->span), "b7ad6b7169203331");
  EXPECT_EQ(to_traceparent(*found), good);
}

TEST(traceparent, flags_beyond_the_first_are_nothing_to_us) {
  auto text = std::string(good);
  text.back() = '2';
  EXPECT_FALSE(parse_traceparent(text)->is_sampled);
  text.replace(text.size() - 2, 2, "ff");
  EXPECT_TRUE(parse_traceparent(text)->is_sampled);
}

TEST(traceparent, later_version_is_read_as_far_as_it_is_known) {
  EXPECT_TRUE(parse_traceparent("cc" + std::string(good.substr(2)) + "-what-may-come"));
  EXPECT_FALSE(parse_traceparent("cc" + std::string(good.substr(2)) + "what-may-not"));
  EXPECT_FALSE(parse_traceparent(std::string(good) + "-more"));
}

TEST(traceparent, each_byte_that_is_cut_or_altered_is_noticed_or_kept) {
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(parse_traceparent(good.substr(0, size))) << size;
  for (std::size_t at = 0; at < good.size(); ++at)
    for (int byte = 0; byte < 256; ++byte) {
      auto text = std::string(good);
      text[at] = static_cast<char>(byte);
      if (const auto found = parse_traceparent(text); found && at >= 3 && at < 53)
        EXPECT_EQ(to_traceparent(*found).substr(0, 53), text.substr(0, 53)) << at << ' ' << byte;
    }
}

TEST(traceparent, zeros_and_version_ff_are_refused) {
  EXPECT_FALSE(parse_traceparent("00-00000000000000000000000000000000-b7ad6b7169203331-01"));
  EXPECT_FALSE(parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"));
  EXPECT_FALSE(parse_traceparent("ff" + std::string(good.substr(2))));
}

TEST(traceparent, new_trace_is_new) {
  const auto one = make_trace(true), other = make_trace(true);
  EXPECT_NE(one.trace, other.trace);
  EXPECT_EQ(one.span, span_id{});
}

awaitable<void> leaf(std::string_view name) {
  const auto executor = co_await asio::this_coro::executor;
  const span work(executor, name);
  asio::steady_timer timer(executor, std::chrono::milliseconds(1));
  co_await timer.async_wait(asio::use_awaitable);
}

awaitable<void> with_children() {
  const auto executor = co_await asio::this_coro::executor;
  span work(executor, "whole");
  work.set("count", std::int64_t{2});
  co_await leaf("first");
  co_await asio::post(executor, asio::use_awaitable);
  co_await leaf("second");
}

awaitable<void> elsewhere() {
  asio::thread_pool threads(1);
  co_await asio::co_spawn(threads, leaf("elsewhere"), asio::use_awaitable);
}

awaitable<void> that_throws() {
  const auto executor = co_await asio::this_coro::executor;
  const span work(executor, "thrown");
  throw std::runtime_error("on purpose");
}

void run(const std::shared_ptr<trace>& of, awaitable<void> work) {
  asio::io_context io;
  asio::co_spawn(traced(io.get_executor(), of), std::move(work), [](std::exception_ptr) {});
  io.run();
}

TEST(trace, goes_with_the_executor_into_all_that_is_awaited) {
  const auto to = std::make_shared<recorder>();
  auto parent = *parse_traceparent(good);
  parent.state = "a=b";
  const auto of = std::make_shared<trace>(parent, to);
  run(of, with_children());
  ASSERT_EQ(to->spans.size(), 3u);
  const auto& root = to->named("whole");
  EXPECT_EQ(root.parent, parent.span);
  EXPECT_EQ(root.as.trace, parent.trace);
  EXPECT_EQ(root.as.state, "a=b");
  EXPECT_EQ(std::get<std::int64_t>(root.values.at(0).second), 2);
  for (const auto* name : {"first", "second"}) {
    EXPECT_EQ(to->named(name).parent, root.as.span);
    EXPECT_GE(to->named(name).took, std::chrono::milliseconds(1));
  }
  EXPECT_EQ(of->now().span, parent.span) << "all have ended";
}

TEST(trace, ends_where_another_executor_begins) {
  const auto to = std::make_shared<recorder>();
  run(std::make_shared<trace>(make_trace(true), to), elsewhere());
  EXPECT_TRUE(to->spans.empty());
}

TEST(trace, span_is_recorded_where_an_exception_ends_it) {
  const auto to = std::make_shared<recorder>();
  run(std::make_shared<trace>(make_trace(true), to), that_throws());
  EXPECT_EQ(to->named("thrown").parent, span_id{});
}

TEST(trace, without_a_recorder_is_passed_on_as_it_came) {
  const auto of = std::make_shared<trace>(*parse_traceparent(good), nullptr);
  run(of, with_children());
  const span work(of, "none");
  EXPECT_FALSE(work);
  EXPECT_EQ(to_traceparent(of->now()), good);
}

TEST(trace, executor_without_one_is_left_as_it_is) {
  asio::io_context io;
  const asio::any_io_executor plain = io.get_executor();
  EXPECT_EQ(traced(plain, nullptr), plain);
  EXPECT_EQ(beside(plain), plain);
  EXPECT_EQ(trace_of(plain), nullptr);
  const span work(plain, "none");
  EXPECT_FALSE(work);
}

TEST(trace, beside_goes_on_where_the_other_one_stands) {
  const auto to = std::make_shared<recorder>();
  asio::io_context io;
  const auto of = std::make_shared<trace>(make_trace(true), to);
  const auto executor = traced(io.get_executor(), of);
  asio::any_io_executor other;
  {
    const span work(executor, "here");
    other = beside(executor);
  }
  EXPECT_NE(other, executor);
  { const span work(other, "beside"); }
  EXPECT_EQ(to->named("beside").parent, to->named("here").as.span);
  EXPECT_EQ(of->now().span, span_id{});
}

}  // namespace
}  // namespace reprise

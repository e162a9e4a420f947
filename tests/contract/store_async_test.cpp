// The coroutine face of the store: where calls run, where the caller goes on, bounds, and what stopping does.
#include "server/stores/async_store.hpp"

#include "server/stores/sqlite/sqlite_store.hpp"
#include "tests/support/store_harness.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <future>
#include <latch>
#include <stdexcept>
#include <thread>

namespace bookings::testing {
namespace {

using namespace std::chrono_literals;

class async_stores : public ::testing::Test {
 protected:
  // Runs one coroutine to its end, on this thread, and gives what it returned.
  template <class T>
  T run(asio::awaitable<T> work) {
    auto answer = asio::co_spawn(context, std::move(work), asio::use_future);
    context.restart();
    context.run();
    return answer.get();
  }
  asio::io_context context;  // outlives each async_store, as its header asks
  temporary_directory directory;
  std::unique_ptr<store> data = make_sqlite_store({directory.path() + "/bookings.db"});
};

result<int> seven(store&) { return 7; }

TEST_F(async_stores, read_runs_elsewhere_and_resumes_on_the_callers_executor) {
  async_store stores(*data, {});
  const auto here = std::this_thread::get_id();
  std::thread::id during, after;
  const auto found = run([&]() -> asio::awaitable<result<user>> {
    auto answer = co_await stores.read("find_user", [&](store& s) {
      during = std::this_thread::get_id();
      return s.find_user("nobody");
    });
    after = std::this_thread::get_id();
    co_return answer;
  }());
  EXPECT_EQ(found.error(), errc::not_found);
  EXPECT_NE(during, here);
  EXPECT_EQ(after, here);
  EXPECT_EQ(stores.calls(), 0u);
}

TEST_F(async_stores, write_then_read_sees_it) {
  async_store stores(*data, {});
  const auto account = a_user("a@example.com");
  const auto found = run([&]() -> asio::awaitable<result<user>> {
    const auto written = co_await stores.write("create_user", [&](store& s) { return s.create_user(account); });
    if (!written) co_return written.error();
    co_return co_await stores.read("find_user", [&](store& s) { return s.find_user(account.id); });
  }());
  EXPECT_EQ(must(found).email, "a@example.com");
}

TEST_F(async_stores, call_that_throws_is_internal) {
  async_store stores(*data, {});
  const auto throwing = [](store&) -> result<int> { throw std::runtime_error("broken invariant"); };
  EXPECT_EQ(run(stores.read("throwing", throwing)).error(), errc::internal);
  EXPECT_EQ(run(stores.upkeep("throwing", throwing)).error(), errc::internal);
  EXPECT_EQ(must(run(stores.read("seven", seven))), 7);
}

TEST_F(async_stores, operations_are_counted_before_they_run) {
  std::vector<std::string> counted;
  async_store stores(*data, {.on_operation = [&](std::string_view name) { counted.emplace_back(name); }});
  must(run(stores.read("one", seven)));
  must(run(stores.write("two", seven)));
  must(run(stores.upkeep("three", seven)));
  EXPECT_EQ(counted, (texts{"one", "two", "three"}));
}

TEST_F(async_stores, delay_is_waited_after_calls_of_requests_alone) {
  async_store stores(*data, {.delay = 60ms});
  const auto timed = [&](auto call) {
    const auto begin = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point ran;
    call([&](store&) -> result<int> {
      ran = std::chrono::steady_clock::now();
      return 1;
    });
    EXPECT_LT(ran - begin, 50ms);  // the call comes before the delay
    return std::chrono::steady_clock::now() - begin;
  };
  EXPECT_GE(timed([&](auto f) { must(run(stores.read("r", f))); }), 60ms);
  EXPECT_GE(timed([&](auto f) { must(run(stores.write("w", f))); }), 60ms);
  EXPECT_LT(timed([&](auto f) { must(run(stores.upkeep("u", f))); }), 50ms);
}

TEST_F(async_stores, calls_beyond_the_bound_are_refused_at_once_and_lanes_are_apart) {
  async_store stores(*data, {.readers = 1, .most_calls = 2});
  std::promise<void> open;
  auto opened = open.get_future().share();
  const auto waiting = [opened](store&) -> result<int> {
    opened.wait();
    return 1;
  };
  std::vector<std::future<result<int>>> taken;
  for (int i = 0; i < 2; ++i) {
    taken.push_back(asio::co_spawn(context, stores.read("waiting", waiting), asio::use_future));
  }
  auto refused = asio::co_spawn(context, stores.read("refused", seven), asio::use_future);
  auto written = asio::co_spawn(context, stores.write("written", seven), asio::use_future);
  auto kept = asio::co_spawn(context, stores.upkeep("kept", seven), asio::use_future);
  std::jthread loop([&] { context.run(); });
  EXPECT_EQ(refused.get().error(), errc::overloaded);
  EXPECT_EQ(must(written.get()), 7);
  EXPECT_EQ(must(kept.get()), 7);
  EXPECT_EQ(stores.calls(), 2u);
  open.set_value();
  for (auto& each : taken) EXPECT_EQ(must(each.get()), 1);
  loop.join();
  EXPECT_EQ(stores.calls(), 0u);
  EXPECT_EQ(must(run(stores.read("again", seven))), 7);
}

TEST_F(async_stores, writes_run_one_at_a_time) {
  async_store stores(*data, {});
  std::atomic<int> running{0}, most{0};
  for (int i = 0; i < 50; ++i) {
    asio::co_spawn(context, stores.write("counted", [&](store&) -> result<int> {
      most = std::max<int>(most, ++running);
      std::this_thread::yield();
      --running;
      return 1;
    }), asio::detached);
  }
  context.run();
  EXPECT_EQ(most, 1);
}

TEST_F(async_stores, many_callers_on_several_threads_all_get_their_answer) {
  async_store stores(*data, {.readers = 3, .most_calls = 100000});
  std::atomic<int> answered{0};
  for (int i = 0; i < 500; ++i) {
    asio::co_spawn(context, [&]() -> asio::awaitable<void> {
      const auto written =
          co_await stores.write("bump_cache_epoch", [](store& s) { return s.bump_cache_epoch("gigs"); });
      const auto read = co_await stores.read("read_pass", [](store& s) { return s.read_pass({"a"}); });
      if (written && read && read->epoch >= *written) ++answered;
    }, asio::detached);
  }
  {
    std::vector<std::jthread> loops;
    for (int i = 0; i < 3; ++i) loops.emplace_back([&] { context.run(); });
  }
  EXPECT_EQ(answered, 500);
}

// The order that the header asks for: the context is stopped, then the face goes, then the context.
TEST_F(async_stores, destroyed_after_its_context_stopped_drops_the_queue_and_waits_for_what_runs) {
  std::atomic<bool> finished{false}, resumed{false};
  std::atomic<int> ran{0};
  std::latch running(1);
  {
    async_store stores(*data, {.readers = 1, .delay = 1h});
    asio::co_spawn(context, [&]() -> asio::awaitable<void> {
      co_await stores.read("slow", [&](store&) -> result<int> {
        running.count_down();
        std::this_thread::sleep_for(100ms);
        finished = true;
        return 1;
      });
      resumed = true;
    }, asio::detached);
    for (int i = 0; i < 20; ++i) {
      asio::co_spawn(context, stores.read("queued", [&, held = std::string(100, 'x')](store&) -> result<int> {
        ++ran;
        return static_cast<int>(held.size());
      }), asio::detached);
    }
    std::jthread loop([&] { context.run(); });
    running.wait();
    context.stop();
  }
  EXPECT_TRUE(finished);
  EXPECT_FALSE(resumed);
  EXPECT_EQ(ran, 0);
}

}  // namespace
}  // namespace bookings::testing

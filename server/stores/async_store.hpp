// The store as coroutines see it: a call runs on a pool of its own, so that no event loop ever waits for a disk, and
// the caller goes on where it was. Controllers use this and never a store itself; programs without a loop (`seed`) use
// the store itself.
//
//   const auto found = co_await stores.read("find_gig", [&](store& s) { return s.find_gig(gig_id); });
//
// Four lanes, so that none waits for another: `read` and `write` for what a request asks; `upkeep` for leases and the
// relay's reading, which must go on while requests queue up; and `record` for what the cache writes to the data itself,
// which may wait for a long write of somebody else and must not hold up a lease by that.
#pragma once

#include "reprise/trace.hpp"
#include "server/stores/store.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace bookings {

namespace asio = boost::asio;

struct async_store_options {
  // Threads for reads. A pooled store wants as many connections for reading, and one more for upkeep.
  std::size_t readers = 4;
  // Threads for writes: 1 for a store with one writer, where more would only wait for it.
  std::size_t writers = 1;
  // Calls queued and running in each lane, beyond which one is refused with errc::overloaded. Upkeep has no bound: its
  // callers are few and wait for each answer.
  std::size_t most_calls = 1024;
  // Waited after each call of a request (STORE_DELAY_MS), so that what was read is from before it. 0: none.
  std::chrono::milliseconds delay{0};
  // The database, in traces (OpenTelemetry's db.system.name).
  std::string_view system = "sqlite";
  // Called with the operation's name before each call runs, on the caller's thread. For metrics; may be empty.
  std::function<void(std::string_view)> on_operation = {};
};

// Thread-safe. The store must outlive it. So must the io_context of each caller, also where its coroutines have ended:
// a thread of ours may be on its way out of telling it. To shut down: stop the contexts, destroy this, destroy them.
// Destruction drops what is queued, with the coroutines that wait for it, and waits for the calls that run.
class async_store {
 public:
  async_store(store& target, async_store_options options);
  ~async_store();
  async_store(const async_store&) = delete;
  async_store& operator=(const async_store&) = delete;

  // Runs `f(store&)`, which returns a result<T>, and gives its result; errc::overloaded at once where the lane is full,
  // errc::internal where `f` throws (logged here). `operation` is the store function's name, as a literal. What `f`
  // refers to must live until the coroutine resumes. Not cancellable: a write that was begun has its answer awaited.
  template <class F>
  asio::awaitable<std::invoke_result_t<F, store&>> read(std::string_view operation, F f) {
    return request(reads_, operation, std::move(f));
  }
  // As `read`, on as many threads as there are writers: with one, one at a time in the order of the calls.
  template <class F>
  asio::awaitable<std::invoke_result_t<F, store&>> write(std::string_view operation, F f) {
    return request(writes_, operation, std::move(f));
  }
  // As `read`, without delay and bound, one at a time. Not for what a client asks.
  template <class F>
  asio::awaitable<std::invoke_result_t<F, store&>> upkeep(std::string_view operation, F f) {
    count(operation);
    return run(upkeep_, {}, operation, std::move(f));
  }

  // As `upkeep`, in its own lane: for claims and acknowledgements.
  template <class F>
  asio::awaitable<std::invoke_result_t<F, store&>> record(std::string_view operation, F f) {
    count(operation);
    return run(records_, {}, operation, std::move(f));
  }

  // Calls of requests that are queued or running.
  std::size_t calls() const noexcept { return reads_.calls.load() + writes_.calls.load(); }

 private:
  struct lane {
    explicit lane(std::size_t thread_count) : threads(thread_count) {}
    std::atomic<std::size_t> calls{0};  // before threads: dropped jobs still count down
    asio::thread_pool threads;
  };
  // A place in a lane, from admission until the call is over or dropped.
  struct leave {
    void operator()(lane* left) const noexcept { left->calls.fetch_sub(1); }
  };
  using place = std::unique_ptr<lane, leave>;

  place enter(lane& into) const noexcept;  // null where it is full
  void count(std::string_view operation) const;
  static asio::awaitable<void> wait(std::chrono::milliseconds delay);
  static errc log_current_exception(std::string_view operation) noexcept;

  template <class F>
  asio::awaitable<std::invoke_result_t<F, store&>> request(lane& on, std::string_view operation, F f);
  template <class F>
  asio::awaitable<std::invoke_result_t<F, store&>> run(lane& on, place taken, std::string_view operation, F f);
  template <class R, class F>
  static R call(store& target, std::string_view operation, F& f);

  store& target_;
  const async_store_options options_;
  lane reads_, writes_, upkeep_, records_;
};

template <class F>
asio::awaitable<std::invoke_result_t<F, store&>> async_store::request(lane& on, std::string_view operation, F f) {
  using answer = std::invoke_result_t<F, store&>;
  place taken = enter(on);
  if (!taken) co_return answer(make_error_code(errc::overloaded));
  count(operation);
  const auto executor = co_await asio::this_coro::executor;
  reprise::span work(executor, operation, reprise::span_kind::client);  // of the caller's trace, where it has one
  if (work) work.set("db.system.name", std::string(options_.system));
  const auto delay = options_.delay;  // by value: after the call only this frame is sure to be there
  answer outcome = co_await run(on, std::move(taken), operation, std::move(f));
  if (!outcome && outcome.error() == errc::internal) work.fail();
  if (delay.count() > 0) co_await wait(delay);
  co_return outcome;
}

// Not a coroutine: the job owns what it needs, and the caller's frame is touched only where the caller runs.
template <class F>
asio::awaitable<std::invoke_result_t<F, store&>> async_store::run(lane& on, place taken, std::string_view operation,
                                                                  F f) {
  using answer = std::invoke_result_t<F, store&>;
  auto start = [&on, &target = target_, operation](auto resume, place held, F work) {
    auto job = [&target, operation, held = std::move(held), work = std::move(work),
                resume = std::move(resume)]() mutable {
      answer outcome = call<answer>(target, operation, work);
      held.reset();
      const auto executor = asio::get_associated_executor(resume);
      asio::post(executor, [resume = std::move(resume), outcome = std::move(outcome)]() mutable {
        std::move(resume)(std::move(outcome));
      });
    };
    asio::post(on.threads, std::move(job));
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(answer)>(std::move(start), asio::use_awaitable,
                                                                           std::move(taken), std::move(f));
}

template <class R, class F>
R async_store::call(store& target, std::string_view operation, F& f) {
  try {
    return f(target);
  } catch (...) {
    return R(make_error_code(log_current_exception(operation)));
  }
}

}  // namespace bookings

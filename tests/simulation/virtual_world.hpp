// Time that passes only where everything waits: a queue of events on a virtual clock, with one seeded source of chance for
// all of them. The same seed gives the same run, event by event.
//
// One thread. An actor is somebody who can be paused (a node): what it waits for comes when it goes on.
#pragma once

#include "reprise/environment.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/compat/move_only_function.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace reprise::simulation {

namespace asio = boost::asio;
using duration = std::chrono::steady_clock::duration;
using moment = environment::steady_time;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// SplitMix64 (Steele, Lea, Flood 2014): small, fast, and good enough to draw schedules from.
class chance {
 public:
  explicit chance(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}
  std::uint64_t next() noexcept {
    auto z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }
  bool once_in(double times) noexcept { return unit() * times < 1; }
  std::size_t below(std::size_t end) noexcept { return static_cast<std::size_t>(unit() * static_cast<double>(end)); }
  duration between(duration least, duration most) noexcept {
    return least + duration(static_cast<duration::rep>(unit() * static_cast<double>((most - least).count())));
  }

 private:
  std::uint64_t state_;
};

using task = boost::compat::move_only_function<void()>;

struct actor {
  std::string name;
  moment paused_until{};
};

class virtual_world {
 public:
  explicit virtual_world(std::uint64_t seed) : random(seed), io(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE) {}
  ~virtual_world();
  virtual_world(const virtual_world&) = delete;

  chance random;
  asio::io_context io;
  // Told what happens, where somebody wants the story. Formatting costs more than everything else: ask first.
  boost::compat::move_only_function<void(std::string)> story;
  template <class... Parts>
  void tell(fmt::format_string<Parts...> text, Parts&&... parts) {
    if (story) story(fmt::format(text, std::forward<Parts>(parts)...));
  }

  moment now() const noexcept { return now_; }
  // Calls `what` after the delay; where it belongs to a paused actor, when that goes on.
  void after(duration delay, task what, const actor* whose = nullptr);
  // Suspends the caller.
  asio::awaitable<void> sleep(duration delay, const actor* whose = nullptr);
  template <class Coroutine>
  void start(Coroutine what) {
    asio::co_spawn(io, std::move(what), asio::detached);
  }
  // Runs until the time, or until nothing is left to do.
  void run_until(moment end);

 private:
  struct event {
    moment time;
    std::uint64_t number;  // events of one time come in the order in which they were made
    task what;
    const actor* whose;
  };
  struct is_later {
    bool operator()(const event& a, const event& b) const noexcept {
      return a.time != b.time ? a.time > b.time : a.number > b.number;
    }
  };
  moment now_{std::chrono::hours(1)};
  std::uint64_t numbers_ = 0;
  std::vector<event> events_;  // a heap
};

// One party waits for what another one settles, once.
template <class T>
class promise_of {
 public:
  // REQUIRES: one waiter at most.
  asio::awaitable<T> wait() {
    if (!state_->value)
      co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
          [&](auto handler) { state_->waiter = std::move(handler); }, asio::use_awaitable);
    co_return std::move(*state_->value);
  }
  // The first value counts.
  void settle(T value) const {
    if (state_->value) return;
    state_->value = std::move(value);
    if (auto waiter = std::exchange(state_->waiter, {})) std::move(waiter)();
  }
  bool is_settled() const noexcept { return state_->value.has_value(); }

 private:
  struct state {
    std::optional<T> value;
    asio::any_completion_handler<void()> waiter;
  };
  std::shared_ptr<state> state_ = std::make_shared<state>();
};

// What a node's engine takes from the world.
class virtual_environment final : public environment {
 public:
  virtual_environment(virtual_world& in, const actor& whose) : in_(in), whose_(whose) {}
  wall_time wall() const override { return wall_time(std::chrono::floor<milliseconds>(in_.now().time_since_epoch())); }
  steady_time now() const override { return in_.now(); }
  asio::awaitable<void> sleep(duration pause) override { return in_.sleep(pause, &whose_); }
  std::string random_hex(std::size_t bytes) override;

 private:
  virtual_world& in_;
  const actor& whose_;
};

}  // namespace reprise::simulation

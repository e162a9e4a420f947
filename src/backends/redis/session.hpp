// One session: fresh connections to every master, one for each I/O thread and one for what may take long, that end together.
//
// Thread-safe but for start() and prepare(). Owned by shared_ptr.
#pragma once

#include "src/backends/redis/connection.hpp"
#include "src/backends/redis/places.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace reprise::redis {

// One thread's connections: one to each master.
struct lane {
  std::vector<std::shared_ptr<connection>> masters;
  std::shared_ptr<const slot_map> slots;  // null: the one master has all keys

  bool is_cluster() const noexcept { return slots != nullptr; }
  // Which of the masters has the key.
  std::size_t place_of(std::string_view key) const { return slots ? slots->owners[slot_of(key)] : 0; }
  const std::shared_ptr<connection>& to(std::string_view key) const { return masters[place_of(key)]; }
  // The connection to this address; null where no master has it.
  std::shared_ptr<connection> at(const redis_address& address) const;
};

class session : public std::enable_shared_from_this<session> {
 public:
  template <class T>
  using awaitable = boost::asio::awaitable<result<T>>;

  session(places found, const std::vector<boost::asio::any_io_executor>& io_threads);

  // `lost` is called once, when the first connection ended by itself or could not be used.
  void start(std::function<void(const std::string& why)> lost, const std::function<void(std::string_view key)>& changed);
  // Waits for all connections; returns the identity of all masters together.
  awaitable<std::string> prepare();
  // Do all connections still answer? The identity of all masters again; errc::wrong_role also where a slot was found to have
  // moved, and the map is to be asked for anew.
  awaitable<std::string> check(deadline limit);
  void close() noexcept;

  // The I/O thread's own, by its number.
  const std::shared_ptr<lane>& of_thread(std::size_t i) const { return lanes_[i]; }
  const std::shared_ptr<lane>& long_work() const { return lanes_.back(); }
  bool is_over() const noexcept { return over_; }

 private:
  void end(const connection& first, const std::string& why);
  std::string identity_of_all(const std::vector<std::string>& each) const;

  std::vector<std::shared_ptr<lane>> lanes_;  // one for each I/O thread, then the one for long work
  std::vector<std::string> ranges_;           // of a cluster: each master's slots
  std::function<void(const std::string&)> lost_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::atomic<bool> over_{false};
  std::once_flag ended_;  // who comes second waits until the first has told of it
};

inline bool is_here(const connection& wire, const boost::asio::any_io_executor& executor) {
  return &boost::asio::query(executor, boost::asio::execution::context) ==
         &boost::asio::query(wire.executor(), boost::asio::execution::context);
}

// Runs a call on the connection's own executor, and comes back to the caller's. errc::unavailable without a connection.
template <class F>
auto on(std::shared_ptr<connection> wire, F call) -> std::invoke_result_t<F, connection&> {
  if (!wire) co_return errc::unavailable;
  const auto executor = co_await boost::asio::this_coro::executor;
  if (is_here(*wire, executor)) co_return co_await call(*wire);
  co_return co_await boost::asio::co_spawn(wire->executor(), call(*wire), boost::asio::use_awaitable);
}

}  // namespace reprise::redis

// A connection to Redis that comes back by itself, and the calls on it. Calls of one turn of the event loop travel as
// one burst: one write, one reply, one deadline. While there is no connection they wait for one until their deadline; so do
// those that a server did not execute because it is no master (any more), or because a cluster's slot has moved or is moving:
// they are sent again, to whoever has the data then.
//
// Not thread-safe: lives on its executor. Owned by shared_ptr; stays alive while its run is under way.
#pragma once

#include "reprise/jobs/errc.hpp"
#include "reprise/jobs/queue.hpp"
#include "reprise/redis_options.hpp"
#include "src/backends/redis/places.hpp"
#include "src/backends/redis/wire.hpp"
#include "src/core/backoff.hpp"
#include "src/jobs/reply.hpp"
#include "src/jobs/script_sources.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/redis/connection.hpp>
#include <boost/redis/request.hpp>

#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::jobs {

class link : public std::enable_shared_from_this<link> {
 public:
  using words = std::span<const std::string_view>;
  using done = boost::asio::any_completion_handler<void(boost::system::error_code, reply)>;

  struct settings {
    redis_options redis;
    std::string key;          // any of the keys that will be used, all of which lie in one slot of a cluster
    std::string client_name;  // what CLIENT LIST shows
    milliseconds deadline{5000};
    std::size_t most_calls = 10'000;  // that wait for an answer, and their bytes
    std::size_t most_bytes = 64 * 1024 * 1024;
    bool has_scripts = true;  // are the scripts wanted on this connection?
    std::shared_ptr<spdlog::logger> logger;
    std::string log_name;  // of the queue, for the log

    settings() {}
  };

  link(boost::asio::any_io_executor executor, settings options);

  void start();
  // Calls that wait end with errc::closed. The link cannot be started again.
  void close() noexcept;
  bool is_connected() const noexcept { return wire_ != nullptr; }
  // Returns at once where there is a connection; else when there is one, or after the limit.
  boost::asio::awaitable<void> connected(std::chrono::steady_clock::duration limit);
  // The connection is dropped, and a new one made: what a call without an answer was sent on is not to be used again.
  void drop();

  // A call: push its commands, then finish or wait, all within one turn. REQUIRES: one at a time.
  boost::system::error_code begin();  // no error, errc::overloaded or errc::closed
  void push(words command);
  void push_script(script which, words keys, words arguments);
  void finish(milliseconds limit, done handler);  // the handler gets errc, and the reply where there is none
  [[nodiscard]] boost::asio::awaitable<result<reply>> wait(milliseconds limit);

  // A call of one command. What is passed is taken over before it returns. errc::refused where the answer is an error.
  [[nodiscard]] boost::asio::awaitable<result<reply>> command(words command, milliseconds limit);
  [[nodiscard]] boost::asio::awaitable<result<reply>> run(script which, words keys, words arguments);
  // Sends what has gathered now, not at the end of the turn.
  void flush();

  const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
  const settings& options() const noexcept { return options_; }
  // The server's own words when it last refused something.
  const std::string& last_refusal() const noexcept { return last_refusal_; }

 private:
  struct burst;
  struct caller;
  using wire = boost::redis::connection;

  boost::asio::awaitable<void> keep_connected();
  boost::asio::awaitable<boost::system::error_code> open(std::shared_ptr<wire> fresh);
  void on_lost(const std::shared_ptr<wire>& which, boost::system::error_code why);
  std::shared_ptr<burst> gathering();
  void send(std::shared_ptr<burst> ready);
  void answered(const std::shared_ptr<burst>& sent, boost::system::error_code error);
  void send_again(std::vector<caller> callers, const burst& sent);
  void keep(std::vector<caller> callers, const burst& sent);
  static void take_over(caller one, const burst& from, burst& to);
  boost::asio::awaitable<bool> find_place();
  boost::asio::awaitable<void> connect_once();
  void end(burst& unsent, boost::system::error_code why);
  void complete(caller& one, boost::system::error_code error, reply answer);
  void watch_unsent();

  boost::asio::any_io_executor executor_;
  settings options_;
  redis::place_finder finder_;
  redis_options place_;  // of the present attempt
  std::shared_ptr<redis::wire_trouble> trouble_;  // likewise
  std::shared_ptr<wire> wire_;  // null: not connected
  std::shared_ptr<wire> opening_;
  std::shared_ptr<burst> gathering_;
  bool is_closed_ = false, is_posted_ = false, was_lost_ = false;
  std::size_t calls_ = 0, bytes_ = 0;  // that wait for an answer
  boost::asio::steady_timer pause_;    // between two attempts to connect; cancelled where one is to be made now
  boost::asio::steady_timer changes_;  // cancelled whenever there is a connection, or no more will come
  boost::asio::steady_timer moving_;   // between two attempts at what a server did not execute
  boost::asio::steady_timer unsent_;   // until what cannot be sent has waited long enough
  core::backoff pauses_;
  std::minstd_rand random_;
  std::string last_refusal_, lost_because_;
  std::vector<std::string_view> words_;  // of the command being pushed: kept for its memory
  std::size_t begun_bytes_ = 0, begun_commands_ = 0;
};

}  // namespace reprise::jobs

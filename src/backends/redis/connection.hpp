// One connection to one Redis server, used once: it connects, serves, and is thrown away when it ends. Boost.Redis's own
// reconnection stays off, since it would send what was queued for one server to the next.
//
// Not thread-safe: everything runs on its executor. Owned by shared_ptr; it stays alive while its run is under way.
#pragma once

#include "reprise/backends.hpp"
#include "src/backends/redis/read_batch.hpp"
#include "src/backends/redis/server_facts.hpp"
#include "src/backends/redis/scripts.hpp"
#include "src/backends/redis/slot_map.hpp"
#include "src/backends/redis/wire.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/redis/connection.hpp>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace reprise::redis {

class connection : public std::enable_shared_from_this<connection> {
 public:
  template <class T>
  using awaitable = boost::asio::awaitable<result<T>>;
  using reply = boost::redis::generic_flat_response;
  using time = std::chrono::steady_clock::time_point;

  connection(boost::asio::any_io_executor executor, const redis_options& options);

  // Begins to connect; `ended` is called once, on the executor, when the connection is over, with the reason; `changed` with
  // each tracked key that was changed, before any reply that came after the news.
  void start(std::function<void(const std::string& why)> ended, std::function<void(std::string_view key)> changed);
  // Role, run id and replication id (of a cluster's node the config epoch, too), and loads the scripts. errc::wrong_role for
  // a replica, errc::refused for a server that cannot be used for another reason, which last_error() tells.
  awaitable<std::string> prepare();
  // The same identity again, alone.
  awaitable<std::string> identify(deadline limit);

  // Does it still answer?
  awaitable<void> ping(deadline limit);

  // Sends the request as it is. errc::refused where any of its commands answered with an error; a redirect of a cluster's is
  // one too, and is told where somebody wants to follow it.
  awaitable<reply> execute(const boost::redis::request& request, deadline limit, std::optional<redirect>* elsewhere = nullptr);
  // One command that another master has sent here.
  awaitable<reply> execute_redirected(const boost::redis::request& request, const redirect& from, deadline limit);
  awaitable<reply> run_script(script which, std::span<const std::string_view> keys,
                              std::span<const std::string_view> arguments, deadline limit);
  // Fills the slots. What is read in one turn of the event loop travels together (read_batch.hpp), and on a near server what
  // is read while two such batches are under way.
  awaitable<void> read(std::span<backend::slot> slots, deadline limit);
  // Any thread.
  void close() noexcept;

  const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
  // Why it did not work, for the log: the server's own words where it said some.
  const std::string& last_error() const noexcept { return last_error_; }
  bool is_of_cluster() const noexcept { return !options_.cluster.empty(); }
  // Of a cluster's node: the config epoch that its identity has, and that it told in an answer to CLUSTER INFO.
  const std::string& config_epoch() const noexcept { return config_epoch_; }
  static std::string config_epoch_in(std::string_view cluster_info) { return read_facts({}, {}, cluster_info).config_epoch; }
  // Has it said that a slot is not its own? Any thread.
  bool has_moved() const noexcept { return has_moved_.load(std::memory_order_relaxed); }
  // Was its address found, and not given?
  bool is_found() const noexcept { return options_.sentinels || is_of_cluster(); }
  bool is_at(const redis_address& place) const noexcept { return options_.host == place.host && options_.port == place.port; }
  std::string where() const { return to_text({options_.host, options_.port}); }

 private:
  awaitable<std::string> inspect();  // who answers, and whether it can be used
  void push_questions(boost::redis::request& request) const;
  result<server_facts> facts_in(const reply& answer) const;
  void send_reads();  // what has gathered, unless it had better wait
  // What became of a request: no error where the answer may be used.
  boost::system::error_code outcome(boost::system::error_code error, const reply& answer, time sent, deadline limit);
  boost::asio::awaitable<void> listen();
  void take_pushes();

  boost::asio::any_io_executor executor_;
  redis_options options_;
  std::function<void(std::string_view key)> changed_;
  reply pushes_;
  bool is_over_ = false;     // closed, or lost
  bool is_emptied_ = false;  // the server's data was dropped or replaced
  std::atomic<bool> has_moved_{false};
  std::string config_epoch_;
  std::shared_ptr<wire_trouble> trouble_ = std::make_shared<wire_trouble>();
  boost::redis::connection wire_;
  std::array<std::string, script_sources.size()> digests_;
  std::string last_error_;
  std::string end_reason_;
  std::shared_ptr<read_batch> gathering_;  // the reads that go next
  std::size_t batches_under_way_ = 0;
  std::chrono::steady_clock::duration usual_round_trip_{};  // of batches of late, a moving average
};

}  // namespace reprise::redis

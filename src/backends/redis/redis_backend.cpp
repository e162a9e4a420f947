// The backend on a Redis, whatever its topology: places.hpp finds the masters, session.hpp has the connections to them. Calls
// find their thread's own connection to the master that has the key, so no lock and no hand-over stands in a hit's way.
#include "reprise/backends.hpp"
#include "src/backends/redis/commands.hpp"
#include "src/backends/redis/keyspace.hpp"
#include "src/backends/redis/session.hpp"
#include "src/backends/redis/together.hpp"

#include <atomic>
#include <mutex>

namespace reprise {
namespace redis {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr std::chrono::seconds check_limit{1};

std::string number(milliseconds time) { return std::to_string(time.count()); }

class redis_backend final : public backend, public std::enable_shared_from_this<redis_backend> {
 public:
  redis_backend(redis_options options, std::vector<asio::any_io_executor> io_threads)
      : options_(std::move(options)), finder_(options_), io_threads_(std::move(io_threads)) {
    seats_.resize(io_threads_.size());
    for (std::size_t i = 0; i < seats_.size(); ++i) seats_[i].context = &asio::query(io_threads_[i], asio::execution::context);
  }

  awaitable<std::string> open() override {
    close();
    const auto executor = io_threads_.front();
    std::string why;
    auto found = co_await asio::co_spawn(executor, finder_.find(executor, why), asio::use_awaitable);
    if (!found) {
      if (lost_) lost_(why);
      co_return found.error();
    }
    const auto fresh = std::make_shared<session>(std::move(*found), io_threads_);
    {
      const std::lock_guard lock(mutex_);
      replace(fresh);
    }
    fresh->start(
        [self = shared_from_this(), which = std::weak_ptr(fresh)](const std::string& reason) {
          self->session_ended(which.lock(), reason);
        },
        changed_);
    auto identity = co_await fresh->prepare();
    if (!identity) close();
    co_return identity;
  }

  awaitable<std::string> check() override {
    const auto session = current();
    if (!session) co_return errc::unavailable;
    co_return co_await session->check(check_limit);
  }

  void close() noexcept override {
    const std::lock_guard lock(mutex_);
    if (!current_) return;
    current_->close();
    replace(nullptr);
  }

  void on_lost(std::function<void(const std::string&)> handler) override { lost_ = std::move(handler); }

  void on_changed(std::function<void(std::string_view)> handler) override { changed_ = std::move(handler); }

  std::string address() const override { return address_of(options_); }

  key_style keys() const noexcept override { return options_.cluster.empty() ? key_style::plain : key_style::hash_tagged; }

  awaitable<void> read(std::span<slot> slots, deadline limit) override {
    const auto executor = co_await asio::this_coro::executor;
    const auto lane = nearest(executor);
    if (!lane || slots.empty()) co_return errc::unavailable;
    const auto first = lane->place_of(slots.front().key);
    if (lane->is_cluster())
      for (const auto& each : slots)
        if (lane->place_of(each.key) != first) co_return co_await read_apart(*lane, slots, limit);
    const auto& wire = lane->masters[first];
    if (is_here(*wire, executor)) co_return co_await wire->read(slots, limit);
    co_return co_await on(wire, [slots, limit](connection& each) { return each.read(slots, limit); });
  }

  awaitable<begun> begin(const begin_request& request, deadline limit) override {
    const auto generation_ttl = number(request.generation_ttl), lock_ttl = number(request.lock_ttl);
    const std::string_view keys[] = {request.generation_key, request.entry_key, request.lock_key};
    const std::string_view arguments[] = {request.stamp, request.random, request.lock_token, generation_ttl, lock_ttl, request.unusable};
    const auto wire = connection_for(request.generation_key, co_await asio::this_coro::executor);
    auto answer = co_await run(wire, script::begin, keys, arguments, limit);
    if (!answer) co_return answer.error();
    const auto kept = std::make_shared<const connection::reply>(std::move(*answer));
    const auto& nodes = kept->value();
    if (nodes.size() != 4) co_return errc::bad_reply;
    begun found;
    found.generation = nodes.at(1).value;
    found.locked = nodes.at(2).value == "1";
    if (nodes.at(3).data_type != boost::redis::resp3::type::null) found.entry = value{kept, nodes.at(3).value};
    co_return found;
  }

  awaitable<commit_outcome> commit(const commit_request& request, deadline limit) override {
    const auto ttl = number(request.ttl), largest = std::to_string(request.largest_scope);
    const std::string_view keys[] = {request.generation_key, request.entry_key, request.lock_key, request.index_key};
    const std::string_view arguments[] = {request.captured, request.lock, request.entry, ttl, largest};
    const auto wire = connection_for(request.generation_key, co_await asio::this_coro::executor);
    const auto answer = co_await run(wire, script::commit, keys, arguments, limit);
    if (!answer) co_return answer.error();
    const auto code = integer(*answer);
    if (!code) co_return code.error();
    co_return *code == 1   ? commit_outcome::stored
        : *code == 2 ? commit_outcome::scope_full
                     : commit_outcome::generation_changed;
  }

  awaitable<void> release(std::string lock_key, std::string lock, deadline limit) override {
    const std::string_view keys[] = {lock_key}, arguments[] = {lock};
    const auto wire = connection_for(lock_key, co_await asio::this_coro::executor);
    const auto answer = co_await run(wire, script::release, keys, arguments, limit);
    if (!answer) co_return answer.error();
    co_return result<void>();
  }

  awaitable<void> invalidate(std::vector<std::string> generation_keys, deadline limit) override {
    // A fan-out of many chunks goes apart from lookups, which would wait behind it.
    auto lane = nearest(co_await asio::this_coro::executor);
    if (generation_keys.size() > chunk_keys) lane = long_work();
    if (!lane) co_return errc::unavailable;
    std::vector<keys_of_one> parts(lane->masters.size());
    for (const auto& key : generation_keys) parts[lane->place_of(key)].push_back(key);
    std::vector<awaitable<std::size_t>> calls;
    for (std::size_t i = 0; i < parts.size(); ++i)
      if (!parts[i].empty()) calls.push_back(unlink(lane->masters[i], std::move(parts[i]), limit, purpose::acknowledgement));
    const auto removed = co_await together(std::move(calls));
    if (removed) co_return result<void>();
    // Of a cluster: a slot has moved, or is moving. The write need not wait until somebody else finds out.
    if (lane->is_cluster() && removed.error() == errc::refused) co_return errc::wrong_role;
    co_return removed.error();
  }

  awaitable<std::size_t> tidy(std::string generation_key, std::string index_key, deadline limit) override {
    const std::string_view keys[] = {generation_key, index_key};
    const auto lane = long_work();
    if (!lane) co_return errc::unavailable;
    const auto answer = co_await run(lane->to(generation_key), script::tidy, keys, {}, limit);
    if (!answer) co_return answer.error();
    const auto removed = integer(*answer);
    if (!removed) co_return removed.error();
    co_return static_cast<std::size_t>(*removed);
  }

  awaitable<std::optional<std::string>> get(std::string key, deadline limit) override {
    auto request = new_request();
    request.push("GET", key);
    const auto answer = co_await follow(key, request, limit);
    if (!answer) co_return answer.error();
    if (answer->value().size() != 1) co_return errc::bad_reply;
    co_return optional_text(answer->value().at(0));
  }

  awaitable<void> set(std::string key, std::string text, milliseconds ttl, deadline limit) override {
    auto request = new_request();
    request.push("SET", key, text, "PX", number(ttl));
    const auto answer = co_await follow(key, request, limit);
    if (!answer) co_return answer.error();
    co_return result<void>();
  }

  awaitable<bool> del(std::string key, deadline limit) override {
    auto request = new_request();
    request.push("UNLINK", key);
    const auto answer = co_await follow(key, request, limit);
    if (!answer) co_return answer.error();
    const auto removed = integer(*answer);
    if (!removed) co_return removed.error();
    co_return *removed > 0;
  }

  awaitable<std::chrono::microseconds> take(std::string key, const rate& limit, deadline within) override {
    const auto most = std::to_string(limit.most), interval = std::to_string(limit.interval.count());
    const std::string_view keys[] = {key}, arguments[] = {most, interval};
    const auto wire = connection_for(key, co_await asio::this_coro::executor);
    const auto answer = co_await run(wire, script::take, keys, arguments, within);
    if (!answer) co_return answer.error();
    const auto wait = integer(*answer);
    if (!wait) co_return wait.error();
    co_return std::chrono::microseconds(*wait);
  }

  awaitable<std::size_t> del_pattern(std::string pattern, deadline limit) override {
    const auto lane = long_work();
    if (!lane) co_return errc::unavailable;
    std::size_t removed = 0;
    for (const auto& wire : lane->masters) {
      const auto count = co_await remove_matching(wire, pattern, limit);
      if (!count) co_return count.error();
      removed += *count;
    }
    co_return removed;
  }

  awaitable<key_page> scan(std::string cursor, std::string pattern, std::size_t count, deadline limit) override {
    const auto at = read_cursor(cursor);
    if (!at) co_return errc::invalid_name;
    const auto lane = long_work();
    if (!lane) co_return errc::unavailable;
    if (at->master >= lane->masters.size()) co_return errc::invalid_name;
    co_return co_await scan_master(lane->masters[at->master], *at, lane->masters.size(), pattern, count, limit);
  }

 private:
  // A plain command on one key, which follows a redirect of a cluster's to any master of this session.
  awaitable<connection::reply> follow(std::string_view key, const boost::redis::request& request, deadline limit) {
    const auto lane = nearest(co_await asio::this_coro::executor);
    if (!lane) co_return errc::unavailable;
    const auto wire = lane->to(key);
    std::optional<redirect> elsewhere;
    auto answer = co_await on(wire, [&](connection& each) { return each.execute(request, limit, &elsewhere); });
    if (!elsewhere) co_return answer;
    const auto other = lane->at(elsewhere->to);
    if (!other) co_return errc::unavailable;
    co_return co_await on(other, [&](connection& each) { return each.execute_redirected(request, *elsewhere, limit); });
  }

  // The first connection that ends takes the session with it, and only the first is told of.
  void session_ended(const std::shared_ptr<session>& ended, const std::string& why) {
    {
      const std::lock_guard lock(mutex_);
      if (ended && current_ == ended) replace(nullptr);
    }
    if (ended && lost_) lost_(why);
  }

  std::shared_ptr<session> current() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }
  std::shared_ptr<lane> long_work() const {
    const auto session = current();
    return session ? session->long_work() : nullptr;
  }
  // The calling thread's own connections where it is an I/O thread. A hit's way: so it takes no lock, but for the first
  // call of each thread in a session.
  std::shared_ptr<lane> nearest(const asio::any_io_executor& executor) {
    const auto* here = &asio::query(executor, asio::execution::context);
    for (std::size_t i = 0; i < seats_.size(); ++i) {
      auto& own = seats_[i];
      if (own.context != here) continue;
      if (const auto now = sessions_.load(std::memory_order_acquire); own.session != now) {
        const std::lock_guard lock(mutex_);
        own.session = sessions_.load(std::memory_order_relaxed);
        own.lane = current_ ? current_->of_thread(i) : nullptr;
      }
      return own.lane.lock();
    }
    const auto session = current();
    return session ? session->of_thread(0) : nullptr;
  }
  std::shared_ptr<connection> connection_for(std::string_view key, const asio::any_io_executor& executor) {
    const auto lane = nearest(executor);
    return lane ? lane->to(key) : nullptr;
  }
  // REQUIRES: mutex_.
  void replace(std::shared_ptr<session> fresh) {
    current_ = std::move(fresh);
    sessions_.fetch_add(1, std::memory_order_release);
  }

  const redis_options options_;
  place_finder finder_;
  const std::vector<asio::any_io_executor> io_threads_;
  // What each I/O thread keeps for itself, each on cache lines of its own: only its thread touches it.
  struct alignas(64) seat {
    const asio::execution_context* context = nullptr;
    std::uint64_t session = 0;  // of sessions_
    std::weak_ptr<redis::lane> lane;  // the session's: it must not outlive that
  };
  std::vector<seat> seats_;
  std::atomic<std::uint64_t> sessions_{0};  // raised whenever current_ changes
  std::function<void(const std::string&)> lost_;
  std::function<void(std::string_view)> changed_;
  mutable std::mutex mutex_;  // guards current_: libstdc++ 12's atomic shared_ptr is no race-free substitute
  std::shared_ptr<session> current_;
};

}  // namespace
}  // namespace redis

std::shared_ptr<backend> make_redis_backend(redis_options options, std::vector<boost::asio::any_io_executor> io_threads) {
  return std::make_shared<redis::redis_backend>(std::move(options), std::move(io_threads));
}

}  // namespace reprise

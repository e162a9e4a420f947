// The backend on a standalone server: a session is one connection for each I/O thread and one for what may take long,
// and ends as a whole. Calls find their thread's own connection, so no lock and no hand-over stands in a hit's way.
#include "reprise/backends.hpp"
#include "src/backends/redis/connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <mutex>

namespace reprise {
namespace redis {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr std::size_t chunk_keys = 500;
constexpr int scan_count = 500;
constexpr std::chrono::seconds check_limit{1};

std::string number(milliseconds time) { return std::to_string(time.count()); }

boost::redis::request new_request() {
  boost::redis::request request;
  request.get_config().cancel_if_not_connected = true;
  return request;
}

std::optional<std::string> optional_text(const boost::redis::resp3::node_view& node) {
  if (node.data_type == boost::redis::resp3::type::null) return std::nullopt;
  return std::string(node.value);
}

result<std::int64_t> integer(const connection::reply& answer) {
  if (answer->empty()) return errc::bad_reply;
  const auto text = answer->at(0).value;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return errc::bad_reply;
  return value;
}

struct session {
  std::vector<std::shared_ptr<connection>> connections;  // one for each I/O thread, then the one for long work
  std::atomic<bool> over{false};

  void close() noexcept {
    over = true;
    for (const auto& each : connections) each->close();
  }
};

class redis_backend final : public backend, public std::enable_shared_from_this<redis_backend> {
 public:
  redis_backend(redis_options options, std::vector<asio::any_io_executor> io_threads)
      : options_(std::move(options)), io_threads_(std::move(io_threads)) {
    seats_.resize(io_threads_.size());
    for (std::size_t i = 0; i < seats_.size(); ++i) seats_[i].context = &asio::query(io_threads_[i], asio::execution::context);
  }

  awaitable<std::string> open() override {
    close();
    auto fresh = std::make_shared<session>();
    for (std::size_t i = 0; i <= io_threads_.size(); ++i)
      fresh->connections.push_back(std::make_shared<connection>(io_threads_[i % io_threads_.size()], options_));
    {
      const std::lock_guard lock(mutex_);
      replace(fresh);
    }
    for (const auto& each : fresh->connections)
      each->start(
          [self = shared_from_this(), session = std::weak_ptr(fresh)](const std::string& why) {
            if (const auto ended = session.lock()) self->session_ended(*ended, why);
          },
          changed_);
    auto identity = co_await prepare_all(*fresh);
    if (!identity) close();
    co_return identity;
  }

  awaitable<std::string> check() override {
    const auto session = current();
    if (!session) co_return errc::unavailable;
    for (std::size_t i = 0; i + 1 < session->connections.size(); ++i)
      if (const auto alive = co_await on(session->connections[i], [](connection& wire) { return wire.ping(check_limit); }); !alive)
        co_return alive.error();
    co_return co_await on(session->connections.back(), [](connection& wire) { return wire.identify(check_limit); });
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

  awaitable<void> read(std::span<slot> slots, deadline limit) override {
    const auto executor = co_await asio::this_coro::executor;
    const auto wire = nearest(executor);
    if (wire && is_here(*wire, executor)) co_return co_await wire->read(slots, limit);
    co_return co_await on(wire, [slots, limit](connection& each) { return each.read(slots, limit); });
  }

  awaitable<begun> begin(const begin_request& request, deadline limit) override {
    const auto generation_ttl = number(request.generation_ttl), lock_ttl = number(request.lock_ttl);
    const std::string_view keys[] = {request.generation_key, request.entry_key, request.lock_key};
    const std::string_view arguments[] = {request.stamp, request.random, request.lock_token, generation_ttl, lock_ttl, request.unusable};
    const auto wire = nearest(co_await asio::this_coro::executor);
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
    const auto wire = nearest(co_await asio::this_coro::executor);
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
    const auto wire = nearest(co_await asio::this_coro::executor);
    const auto answer = co_await run(wire, script::release, keys, arguments, limit);
    if (!answer) co_return answer.error();
    co_return result<void>();
  }

  awaitable<void> invalidate(std::vector<std::string> generation_keys, deadline limit) override {
    // A fan-out of many chunks goes apart from lookups, which would wait behind it.
    auto wire = nearest(co_await asio::this_coro::executor);
    if (generation_keys.size() > chunk_keys) wire = long_work();
    for (std::size_t at = 0; at < generation_keys.size(); at += chunk_keys) {
      const auto end = std::min(at + chunk_keys, generation_keys.size());
      auto request = new_request();
      request.push_range("UNLINK", generation_keys.begin() + static_cast<std::ptrdiff_t>(at),
                         generation_keys.begin() + static_cast<std::ptrdiff_t>(end));
      const auto answer = co_await send(wire, request, limit);
      if (!answer) co_return answer.error();
    }
    co_return result<void>();
  }

  awaitable<std::size_t> tidy(std::string generation_key, std::string index_key, deadline limit) override {
    const std::string_view keys[] = {generation_key, index_key};
    const auto answer = co_await run(long_work(), script::tidy, keys, {}, limit);
    if (!answer) co_return answer.error();
    const auto removed = integer(*answer);
    if (!removed) co_return removed.error();
    co_return static_cast<std::size_t>(*removed);
  }

  awaitable<std::optional<std::string>> get(std::string key, deadline limit) override {
    auto request = new_request();
    request.push("GET", key);
    const auto wire = nearest(co_await asio::this_coro::executor);
    const auto answer = co_await send(wire, request, limit);
    if (!answer) co_return answer.error();
    if (answer->value().size() != 1) co_return errc::bad_reply;
    co_return optional_text(answer->value().at(0));
  }

  awaitable<void> set(std::string key, std::string text, milliseconds ttl, deadline limit) override {
    auto request = new_request();
    request.push("SET", key, text, "PX", number(ttl));
    const auto wire = nearest(co_await asio::this_coro::executor);
    const auto answer = co_await send(wire, request, limit);
    if (!answer) co_return answer.error();
    co_return result<void>();
  }

  awaitable<bool> del(std::string key, deadline limit) override {
    auto request = new_request();
    request.push("UNLINK", key);
    const auto wire = nearest(co_await asio::this_coro::executor);
    const auto answer = co_await send(wire, request, limit);
    if (!answer) co_return answer.error();
    const auto removed = integer(*answer);
    if (!removed) co_return removed.error();
    co_return *removed > 0;
  }

  awaitable<std::chrono::microseconds> take(std::string key, const rate& limit, deadline within) override {
    const auto most = std::to_string(limit.most), interval = std::to_string(limit.interval.count());
    const std::string_view keys[] = {key}, arguments[] = {most, interval};
    const auto wire = nearest(co_await asio::this_coro::executor);
    const auto answer = co_await run(wire, script::take, keys, arguments, within);
    if (!answer) co_return answer.error();
    const auto wait = integer(*answer);
    if (!wait) co_return wait.error();
    co_return std::chrono::microseconds(*wait);
  }

  awaitable<std::size_t> del_pattern(std::string pattern, deadline limit) override {
    const auto wire = long_work();
    std::string cursor = "0";
    std::size_t removed = 0;
    do {
      auto scan = new_request();
      scan.push("SCAN", cursor, "MATCH", pattern, "COUNT", scan_count);
      const auto page = co_await send(wire, scan, limit);
      if (!page) co_return page.error();
      const auto& nodes = page->value();  // [cursor, [key …]]
      if (nodes.size() < 3) co_return errc::bad_reply;
      cursor = nodes.at(1).value;
      std::vector<std::string_view> keys;
      for (std::size_t i = 3; i < nodes.size(); ++i) keys.push_back(nodes.at(i).value);
      if (keys.empty()) continue;
      auto unlink = new_request();
      unlink.push_range("UNLINK", keys);
      const auto answer = co_await send(wire, unlink, limit);
      if (!answer) co_return answer.error();
      const auto count = integer(*answer);
      if (!count) co_return count.error();
      removed += static_cast<std::size_t>(*count);
    } while (cursor != "0");
    co_return removed;
  }

  awaitable<key_page> scan(std::string cursor, std::string pattern, std::size_t count, deadline limit) override {
    if (!std::all_of(cursor.begin(), cursor.end(), [](char c) { return c >= '0' && c <= '9'; })) co_return errc::invalid_name;
    const auto wire = long_work();
    auto look = new_request();
    look.push("SCAN", cursor.empty() ? "0" : cursor, "MATCH", pattern, "COUNT", count);
    const auto found = co_await send(wire, look, limit);
    if (!found) co_return found.error();
    const auto& nodes = found->value();  // [cursor, [key …]]
    if (nodes.size() < 3) co_return errc::bad_reply;
    key_page page;
    if (nodes.at(1).value != "0") page.next = nodes.at(1).value;
    for (std::size_t i = 3; i < nodes.size(); ++i) page.keys.emplace_back().key = nodes.at(i).value;
    const auto described = co_await describe(wire, page.keys, limit);
    if (!described) co_return described.error();
    co_return page;
  }

 private:
  // What scan() tells of its keys beyond their names, in two round trips; those that are gone by now are left out.
  static awaitable<void> describe(std::shared_ptr<connection> wire, std::vector<key_facts>& keys, deadline limit) {
    if (keys.empty()) co_return result<void>();
    auto first = new_request();
    for (const auto& each : keys) {
      first.push("TYPE", each.key);
      first.push("PTTL", each.key);
    }
    const auto types = co_await send(wire, first, limit);
    if (!types) co_return types.error();
    if (types->value().size() != keys.size() * 2) co_return errc::bad_reply;
    auto second = new_request();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      auto& each = keys[i];
      const auto type = types->value().at(i * 2).value, ttl = types->value().at(i * 2 + 1).value;
      std::int64_t left = -1;
      std::from_chars(ttl.data(), ttl.data() + ttl.size(), left);
      if (left >= 0) each.ttl = milliseconds(left);
      each.what = type == "string" ? key_facts::kind::text : type == "zset" ? key_facts::kind::index : key_facts::kind::other;
      if (type == "none") each.key.clear();
      if (type == "string") {
        second.push("STRLEN", each.key);
        second.push("GETRANGE", each.key, 0, most_beginning_bytes - 1);
      } else if (type == "zset") {
        second.push("ZCARD", each.key);
      }
    }
    std::erase_if(keys, [](const key_facts& each) { return each.key.empty(); });
    if (std::all_of(keys.begin(), keys.end(), [](const key_facts& each) { return each.what == key_facts::kind::other; }))
      co_return result<void>();
    const auto sizes = co_await send(wire, second, limit);
    if (!sizes) co_return sizes.error();
    co_return fill_in(sizes->value(), keys);
  }
  static result<void> fill_in(const connection::reply::value_type& sizes, std::vector<key_facts>& keys) {
    std::size_t at = 0;
    for (auto& each : keys) {
      if (each.what == key_facts::kind::other) continue;
      const std::size_t wanted = each.what == key_facts::kind::text ? 2 : 1;
      if (sizes.size() < at + wanted) return errc::bad_reply;
      const auto size = sizes.at(at).value;
      std::from_chars(size.data(), size.data() + size.size(), each.size);
      if (wanted == 2) each.beginning = sizes.at(at + 1).value;
      at += wanted;
    }
    std::erase_if(keys, [](const key_facts& each) { return each.what != key_facts::kind::other && each.size == 0; });
    return {};
  }

  awaitable<std::string> prepare_all(session& fresh) {
    std::optional<std::string> identity;
    for (const auto& wire : fresh.connections) {
      auto its = co_await on(wire, [](connection& each) { return each.prepare(); });
      if (!its) {
        session_ended(fresh, wire->last_error());
        co_return its.error();
      }
      if (identity && *identity != *its) co_return errc::bad_reply;  // an address that leads to two servers
      identity = *its;
    }
    if (fresh.over) co_return errc::unavailable;
    co_return *identity;
  }

  // The first connection that ends takes the session with it, and only the first is told of.
  void session_ended(session& ended, const std::string& why) {
    if (ended.over.exchange(true)) return;
    ended.close();
    {
      const std::lock_guard lock(mutex_);
      if (current_.get() == &ended) replace(nullptr);
    }
    if (lost_) lost_(why);
  }

  std::shared_ptr<session> current() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }
  std::shared_ptr<connection> long_work() const {
    const auto session = current();
    return session ? session->connections.back() : nullptr;
  }
  // The calling thread's own connection where it is an I/O thread. A hit's way: so it takes no lock, but for the first
  // call of each thread in a session.
  std::shared_ptr<connection> nearest(const asio::any_io_executor& executor) {
    const auto* here = &asio::query(executor, asio::execution::context);
    for (std::size_t i = 0; i < seats_.size(); ++i) {
      auto& own = seats_[i];
      if (own.context != here) continue;
      if (const auto now = sessions_.load(std::memory_order_acquire); own.session != now) {
        const std::lock_guard lock(mutex_);
        own.session = sessions_.load(std::memory_order_relaxed);
        own.wire = current_ ? current_->connections[i] : nullptr;
      }
      return own.wire.lock();
    }
    const auto session = current();
    return session ? session->connections.front() : nullptr;
  }
  static bool is_here(const connection& wire, const asio::any_io_executor& executor) {
    return &asio::query(executor, asio::execution::context) == &asio::query(wire.executor(), asio::execution::context);
  }
  // REQUIRES: mutex_.
  void replace(std::shared_ptr<session> fresh) {
    current_ = std::move(fresh);
    sessions_.fetch_add(1, std::memory_order_release);
  }

  // Runs a call on the connection's own executor, and comes back to the caller's.
  template <class F>
  static auto on(std::shared_ptr<connection> wire, F call) -> std::invoke_result_t<F, connection&> {
    if (!wire) co_return errc::unavailable;
    const auto executor = co_await asio::this_coro::executor;
    if (is_here(*wire, executor)) co_return co_await call(*wire);
    co_return co_await asio::co_spawn(wire->executor(), call(*wire), asio::use_awaitable);
  }
  static awaitable<connection::reply> send(std::shared_ptr<connection> wire, const boost::redis::request& request,
                                           deadline limit) {
    return on(std::move(wire), [&request, limit](connection& each) { return each.execute(request, limit); });
  }
  static awaitable<connection::reply> run(std::shared_ptr<connection> wire, script which,
                                          std::span<const std::string_view> keys,
                                          std::span<const std::string_view> arguments, deadline limit) {
    return on(std::move(wire),
              [=](connection& each) { return each.run_script(which, keys, arguments, limit); });
  }

  redis_options options_;
  std::vector<asio::any_io_executor> io_threads_;
  // What each I/O thread keeps for itself, each on cache lines of its own: only its thread touches it.
  struct alignas(64) seat {
    const asio::execution_context* context = nullptr;
    std::uint64_t session = 0;  // of sessions_
    std::weak_ptr<connection> wire;  // the session's: it must not outlive that
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

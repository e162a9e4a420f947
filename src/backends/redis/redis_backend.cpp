// The backend on a Redis, whatever its topology: places.hpp finds the masters, session.hpp has the connections to them. Calls
// find their thread's own connection to the master that has the key, so no lock and no hand-over stands in a hit's way.
#include "reprise/backends.hpp"
#include "src/backends/redis/session.hpp"
#include "src/backends/redis/together.hpp"

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

result<std::int64_t> integer_at(const connection::reply& answer, std::size_t place) {
  if (answer->size() <= place) return errc::bad_reply;
  const auto text = answer->at(place).value;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return errc::bad_reply;
  return value;
}

result<std::int64_t> integer(const connection::reply& answer) { return integer_at(answer, 0); }

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
      std::string cursor = "0";
      do {
        auto scan = new_request();
        scan.push("SCAN", cursor, "MATCH", pattern, "COUNT", scan_count);
        const auto page = co_await send(wire, scan, limit);
        if (!page) co_return page.error();
        const auto& nodes = page->value();  // [cursor, [key …]]
        if (nodes.size() < 3) co_return errc::bad_reply;
        cursor = nodes.at(1).value;
        keys_of_one keys;
        for (std::size_t i = 3; i < nodes.size(); ++i) keys.push_back(nodes.at(i).value);
        const auto count = co_await unlink(wire, std::move(keys), limit, purpose::tidiness);
        if (!count) co_return count.error();
        removed += *count;
      } while (cursor != "0");
    }
    co_return removed;
  }

  awaitable<key_page> scan(std::string cursor, std::string pattern, std::size_t count, deadline limit) override {
    // Master by master: the cursor is the number of one, a colon, and its own cursor.
    std::size_t at = 0;
    std::string within = "0";
    if (!cursor.empty()) {
      const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), at);
      const auto colon = static_cast<std::size_t>(end - cursor.data());
      if (error != std::errc() || colon >= cursor.size() || cursor[colon] != ':') co_return errc::invalid_name;
      within = cursor.substr(colon + 1);
    }
    if (within.empty() || within.size() > 20 || within.find_first_not_of("0123456789") != std::string::npos)
      co_return errc::invalid_name;
    const auto lane = long_work();
    if (!lane) co_return errc::unavailable;
    if (at >= lane->masters.size()) co_return errc::invalid_name;
    const auto& wire = lane->masters[at];
    auto look = new_request();
    look.push("SCAN", within, "MATCH", pattern, "COUNT", count);
    const auto found = co_await send(wire, look, limit);
    if (!found) co_return found.error();
    const auto& nodes = found->value();  // [cursor, [key …]]
    if (nodes.size() < 3) co_return errc::bad_reply;
    key_page page;
    if (nodes.at(1).value != "0")
      page.next = std::to_string(at) + ":" + std::string(nodes.at(1).value);
    else if (at + 1 < lane->masters.size())
      page.next = std::to_string(at + 1) + ":0";
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

  using keys_of_one = std::vector<std::string_view>;  // of one master's keys

  // Slots of several masters: side by side.
  static awaitable<void> read_apart(const lane& to, std::span<slot> slots, deadline limit) {
    struct share {
      std::vector<slot> asked;
      std::vector<slot*> for_whom;
    };
    std::vector<share> shares(to.masters.size());
    for (auto& each : slots) {
      auto& its = shares[to.place_of(each.key)];
      its.asked.push_back(each);
      its.for_whom.push_back(&each);
    }
    std::vector<awaitable<std::size_t>> calls;
    for (std::size_t i = 0; i < shares.size(); ++i)
      if (!shares[i].asked.empty()) calls.push_back(read_share(to.masters[i], shares[i].asked, limit));
    const auto done = co_await together(std::move(calls));
    if (!done) co_return done.error();
    for (auto& share : shares)
      for (std::size_t i = 0; i < share.asked.size(); ++i) share.for_whom[i]->found = std::move(share.asked[i].found);
    co_return result<void>();
  }
  static awaitable<std::size_t> read_share(std::shared_ptr<connection> wire, std::span<slot> slots, deadline limit) {
    const auto done = co_await on(std::move(wire), [slots, limit](connection& each) { return each.read(slots, limit); });
    if (!done) co_return done.error();
    co_return slots.size();
  }

  // Removes keys of one master, some hundreds at a time. In a cluster one command takes keys of one slot alone, and what is to
  // acknowledge an invalidation has two rules more (docs/consistency.md, "Cluster"):
  //   - each command names a key that is never there: a slot on its way to another master, where copies of what is
  //     removed may be already, refuses it as a whole;
  //   - the master's config epoch, asked for behind them, is still the session's: the slot was its own all the while.
  enum class purpose { acknowledgement, tidiness };
  static awaitable<std::size_t> unlink(std::shared_ptr<connection> wire, keys_of_one keys, deadline limit, purpose why) {
    const bool is_apart = wire->is_of_cluster(), is_told = is_apart && why == purpose::acknowledgement;
    if (is_apart) std::sort(keys.begin(), keys.end(), [](auto a, auto b) { return slot_of(a) < slot_of(b); });
    std::size_t removed = 0;
    for (std::size_t at = 0; at < keys.size();) {
      const auto end = std::min(at + chunk_keys, keys.size());
      auto request = new_request();
      while (at < end) at = push_unlink(request, keys, at, end, is_apart, is_told);
      if (is_told) request.push("CLUSTER", "INFO");
      const auto answer = co_await send(wire, request, limit);
      if (!answer) co_return answer.error();
      const auto counts = answer->value().size() - (is_told ? 1 : 0);
      if (is_told && connection::config_epoch_in(answer->value().at(counts).value) != wire->config_epoch()) co_return errc::wrong_role;
      for (std::size_t i = 0; i < counts; ++i) {
        const auto count = integer_at(*answer, i);
        if (!count) co_return count.error();
        removed += static_cast<std::size_t>(*count);
      }
    }
    co_return removed;
  }
  // One command, of keys[at…] below `end`; returns where the next one begins.
  static std::size_t push_unlink(boost::redis::request& request, const keys_of_one& keys, std::size_t at, std::size_t end,
                                 bool is_apart, bool is_told) {
    auto last = is_apart ? at + 1 : end;
    while (last < end && slot_of(keys[last]) == slot_of(keys[at])) ++last;
    keys_of_one command(keys.begin() + static_cast<std::ptrdiff_t>(at), keys.begin() + static_cast<std::ptrdiff_t>(last));
    const auto absent = std::string(keys[at]) + ":none";  // in the same slot, by the tag
    if (is_told) command.push_back(absent);
    request.push_range("UNLINK", command);
    return last;
  }

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

#include "server/cache_source.hpp"

#include "reprise/backends.hpp"
#include "reprise/response_cache.hpp"
#include "server/app.hpp"
#include "server/caching/offline_writes.hpp"
#include "server/caching/session_check.hpp"
#include "server/caching/store_log.hpp"
#include "server/ops/kept_key_json.hpp"

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <array>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace bookings {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::size_t page_keys = 1000;

class direct final : public cache_source {
 public:
  direct(const config& settings, const secrets& secret)
      : settings_(settings), data_(open_store(settings, secret)), stores_(*data_, {}) {
    if (settings.redis && settings.redis->topology != redis_topology::memory)
      backend_ = reprise::make_redis_backend(redis_options_of(*settings.redis, secret.redis_password, settings, secret),
                                             {io_.get_executor()});
    if (backend_) backend_->on_lost([this](const std::string& why) { note(why); });
    cache_.emplace(reprise::options{.deployment = settings.deployment_id}, backend_, caching::make_store_log(stores_),
                   reprise::make_environment(), nullptr);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~direct() override {
    if (backend_) backend_->close();
    guard_.reset();
    io_.stop();
    thread_.join();
  }

  json::value stats() override {
    auto prefixes = caching::cached_prefixes();
    prefixes.emplace_back(caching::sessions_prefix);
    json::object all;
    for (const auto& prefix : prefixes) all[prefix] = count(prefix);
    const auto backlog = data_->outbox_backlog();
    if (!backlog) throw std::runtime_error("the store: " + backlog.error().message());
    return json::object{{"prefixes", std::move(all)}, {"outboxRows", backlog->rows}};
  }

  json::value keys(const std::string& of, const std::string& cursor) override {
    const auto page = read_page(of, cursor);
    json::array rows;
    for (const auto& each : page.keys) rows.push_back(ops::to_json(each));
    json::object shown{{"keys", std::move(rows)}, {"next", nullptr}};
    if (!page.next.empty()) shown["next"] = page.next;
    return shown;
  }

  json::value purge(const std::string& prefix, const std::string& user) override {
    const bool is_named = reprise::is_valid_name(prefix) && (user.empty() || reprise::scope::of_user(prefix, user));
    if (!is_named) throw usage_error("that is no prefix, or no user's id");
    note_in_trail(user.empty() ? prefix : prefix + ":user:" + user);
    const auto done = user.empty() ? wait_for(cache_->invalidate_all(prefix)) : wait_for(cache_->invalidate(user, prefix));
    if (!done) throw std::runtime_error("not every server is known to have taken notice: " + done.error().message());
    return json::object{{"prefix", prefix}};
  }

 private:
  template <class T>
  T wait_for(asio::awaitable<T> what) {
    return asio::co_spawn(io_, std::move(what), asio::use_future).get();
  }

  void note(const std::string& why) {
    const std::lock_guard lock(mutex_);
    why_ = why;
  }

  void connect() {
    if (!backend_) throw usage_error("there is no Redis to look at: set REDIS_URL (memory:// is within each server)");
    if (is_connected_) return;
    if (const auto opened = wait_for(backend_->open()); !opened) {
      const std::lock_guard lock(mutex_);
      throw std::runtime_error(fmt::format("cannot use {}: {}", backend_->address(),
                                           why_.empty() ? opened.error().message() : plain(why_)));
    }
    is_connected_ = true;
  }

  reprise::kept_keys read_page(const std::string& of, const std::string& cursor) {
    connect();
    auto page = wait_for(cache_->keys(of, cursor, page_keys));
    if (page) return std::move(*page);
    if (page.error() == reprise::errc::invalid_name) throw usage_error("that is no prefix (bookings) and no scope (bookings:user:ID)");
    throw std::runtime_error("Redis: " + page.error().message());
  }

  json::object count(const std::string& prefix) {
    std::array<std::uint64_t, 5> counts{};
    std::uint64_t bytes = 0;
    std::string cursor;
    do {
      const auto page = read_page(prefix, cursor);
      for (const auto& each : page.keys) {
        ++counts[static_cast<std::size_t>(each.kind)];
        if (each.kind == reprise::key_kind::entry) bytes += each.size;
      }
      cursor = page.next;
    } while (!cursor.empty());
    const auto of = [&](reprise::key_kind kind) { return counts[static_cast<std::size_t>(kind)]; };
    using kind = reprise::key_kind;
    return {{"entries", of(kind::entry)},       {"entryBytes", bytes},        {"generations", of(kind::generation)},
            {"indexes", of(kind::index)}, {"locks", of(kind::lock)}};
  }

  // There must be no purge that nobody is known to have asked for.
  void note_in_trail(const std::string& subject) {
    if (!settings_.admin_email) throw usage_error("who are you? Set ADMIN_EMAIL: a purge is written into the trail");
    const auto found = data_->find_user_by_email(*settings_.admin_email);
    if (!found || found->role != role::admin) throw usage_error("ADMIN_EMAIL is no admin of this store");
    const auto noted = data_->append_trail({found->id, trail_action::purge_cache, trail_subject::cache, subject});
    if (!noted) throw std::runtime_error("the store: " + noted.error().message());
  }

  const config& settings_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_{io_.get_executor()};
  std::unique_ptr<store> data_;
  async_store stores_;
  std::shared_ptr<reprise::backend> backend_;  // null: there is no Redis
  std::optional<reprise::response_cache> cache_;
  bool is_connected_ = false;
  std::mutex mutex_;  // of why_
  std::string why_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<cache_source> look_directly(const config& settings, const secrets& secret) {
  return std::make_unique<direct>(settings, secret);
}

}  // namespace bookings

#include "src/engine/engine.hpp"

#include <boost/container/small_vector.hpp>

namespace reprise {

namespace {
constexpr unsigned breaker_threshold = 5;
}

response_cache::impl::impl(options settings, std::shared_ptr<backend> where, std::shared_ptr<invalidation_log> log,
                           std::shared_ptr<environment> world, std::shared_ptr<spdlog::logger> logger)
    : settings_(std::move(settings)),
      backend_(std::move(where)),
      keys_(backend_ ? backend_->keys() : key_style::plain),
      log_(log ? std::move(log) : make_volatile_log()),
      world_(world ? std::move(world) : make_environment()),
      logger_(std::move(logger)),
      local_(settings_.local_bytes, settings_.local),
      gate_(std::make_shared<engine::origin_gate>(settings_.origin_reads, settings_.origin_wait, world_)),
      breaker_(breaker_threshold, core::backoff(settings_.shortest_pause, settings_.longest_pause)),
      observer_(std::make_shared<engine::observer>(
          log_, world_,
          engine::observer::timing{settings_.lease, settings_.lease_margin, settings_.period / 10, settings_.write_wait})),
      node_(settings_.weakened.node.empty() ? world_->random_hex(12) : settings_.weakened.node) {}

double response_cache::impl::random_unit() {
  return static_cast<double>(std::stoul(world_->random_hex(4), nullptr, 16)) / 4294967296.0;
}

statistics response_cache::impl::snapshot() const {
  auto all = counters_.snapshot();
  all.backend_up = trust_.session() != 0;
  all.trusted = is_available();
  if (all.trusted) all.lease = trust_.until() - world_->now();
  all.writes_waiting = observer_->waiting();
  all.origin_reads = gate_->taken();
  all.local_entries = local_.entries.size();
  all.local_bytes = local_.entries.bytes();
  all.local_evictions = local_.entries.evictions();
  return all;
}

response_cache::response_cache(options settings, std::shared_ptr<backend> where, std::shared_ptr<invalidation_log> log,
                               std::shared_ptr<environment> world, std::shared_ptr<spdlog::logger> logger)
    : impl_(std::make_shared<impl>(std::move(settings), std::move(where), std::move(log), std::move(world), std::move(logger))) {}

response_cache::~response_cache() { stop(); }

boost::asio::awaitable<void> response_cache::run() { return impl_->run(); }
void response_cache::stop() noexcept { impl_->stop(); }

boost::asio::awaitable<result<cached_reply>> response_cache::serve(const cache_policy& policy, const cache_request& request,
                                                                   const origin& read, const origin_maker& again) {
  const auto visit = impl_->prepare(policy, request);
  co_return co_await impl_->serve(*visit, read, again);
}

response_cache::lookup::lookup() noexcept = default;
response_cache::lookup::lookup(lookup&&) noexcept = default;
response_cache::lookup& response_cache::lookup::operator=(lookup&&) noexcept = default;
response_cache::lookup::~lookup() = default;

response_cache::lookup response_cache::prepare(const cache_policy& policy, const cache_request& request) {
  lookup made;
  made.visit_ = impl_->prepare(policy, request);
  return made;
}

boost::asio::awaitable<void> response_cache::look(std::span<lookup* const> several) {
  boost::container::small_vector<visit*, 4> visits;
  for (const auto* each : several) visits.push_back(each->visit_.get());
  co_await impl_->look(visits);
}

boost::asio::awaitable<result<cached_reply>> response_cache::serve(lookup& one, const origin& read,
                                                                   const origin_maker& again) {
  return impl_->serve(*one.visit_, read, again);
}

boost::asio::awaitable<result<void>> response_cache::invalidate(std::vector<scope> scopes, std::vector<std::int64_t> rows) {
  return impl_->invalidate(std::move(scopes), std::move(rows));
}

boost::asio::awaitable<result<void>> response_cache::await_acknowledged(std::vector<std::int64_t> rows) {
  return impl_->await_acknowledged(std::move(rows));
}

boost::asio::awaitable<result<void>> response_cache::wait_settled() { return impl_->wait_settled(); }

boost::asio::awaitable<result<void>> response_cache::invalidate(std::string_view user, std::string_view prefix,
                                                                std::string_view role) {
  auto where = scope::of_user(prefix, user);
  if (!where || !is_valid_name(role)) co_return errc::invalid_name;
  std::vector<scope> scopes{std::move(*where)};
  co_return co_await impl_->invalidate(std::move(scopes), {});
}

boost::asio::awaitable<result<void>> response_cache::invalidate_related(std::span<const std::string> users,
                                                                        std::string_view prefix) {
  std::vector<scope> scopes;
  for (const auto& user : users) {
    auto where = scope::of_user(prefix, user);
    if (!where) co_return errc::invalid_name;
    scopes.push_back(std::move(*where));
  }
  co_return co_await impl_->invalidate(std::move(scopes), {});
}

boost::asio::awaitable<result<void>> response_cache::invalidate_all(std::string_view prefix) {
  return impl_->invalidate_all(std::string(prefix));
}

boost::asio::awaitable<result<std::optional<std::string>>> response_cache::get(std::string key) {
  co_return co_await impl_->once([&](backend& where, auto limit) { return where.get(key, limit); });
}

boost::asio::awaitable<result<void>> response_cache::set(std::string key, std::string value, std::chrono::milliseconds ttl) {
  if (!key.starts_with("reprise:") || ttl.count() <= 0) co_return errc::invalid_name;
  co_return co_await impl_->once([&](backend& where, auto limit) { return where.set(key, std::move(value), ttl, limit); });
}

boost::asio::awaitable<result<bool>> response_cache::del(std::string key) {
  co_return co_await impl_->once([&](backend& where, auto limit) { return where.del(key, limit); });
}

boost::asio::awaitable<result<std::chrono::microseconds>> response_cache::take(std::string key, const rate& limit) {
  if (!key.starts_with("reprise:") || limit.most <= 0 || limit.interval.count() <= 0) co_return errc::invalid_name;
  co_return co_await impl_->once([&](backend& where, auto within) { return where.take(key, limit, within); });
}

boost::asio::awaitable<result<std::size_t>> response_cache::del_pattern(std::string pattern) {
  co_return co_await impl_->once([&](backend& where, auto limit) { return where.del_pattern(pattern, limit); });
}

boost::asio::awaitable<result<kept_keys>> response_cache::keys(std::string of, std::string cursor, std::size_t count) {
  return impl_->keys(std::move(of), std::move(cursor), count);
}

boost::asio::awaitable<result<std::optional<kept_entry>>> response_cache::entry(std::string key, std::size_t most_bytes) {
  return impl_->entry(std::move(key), most_bytes);
}

bool response_cache::is_available() const noexcept { return impl_->is_available(); }
statistics response_cache::snapshot() const { return impl_->snapshot(); }

}  // namespace reprise

#include "reprise/jobs/worker.hpp"

#include "src/jobs/worker_impl.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

namespace reprise::jobs {
namespace {

namespace asio = boost::asio;

worker_options checked(worker_options options) {
  queue_keys::check(options.prefix, options.queue, options.redis);
  if (options.concurrency == 0 || options.lock_duration.count() < 4 || options.drain_delay.count() <= 0 ||
      options.stalled_interval.count() < 0 || (options.limiter.most > 0 && options.limiter.each.count() <= 0))
    throw boost::system::system_error(errc::invalid_options);
  return options;
}

link::settings link_settings(const worker_options& options, bool has_scripts) {
  link::settings settings;
  settings.redis = options.redis;
  settings.key = queue_keys(options.prefix, options.queue).meta;
  // The one that waits is the one by which others know that there is a worker.
  const auto suffix = options.name.empty() ? std::string() : ":w:" + options.name;
  settings.client_name = has_scripts ? std::string() : client_name(options.prefix, options.queue, suffix);
  settings.deadline = options.deadline;
  settings.has_scripts = has_scripts;
  settings.logger = options.logger;
  settings.log_name = options.queue + (has_scripts ? " (worker)" : " (worker, waiting)");
  return settings;
}

// Random enough that no two workers share one.
std::string random_name() {
  std::random_device source;
  std::string name;
  for (int i = 0; i < 4; ++i) {
    char part[9];
    std::snprintf(part, sizeof part, "%08x", static_cast<unsigned>(source()));
    name += part;
  }
  return name;
}

}  // namespace

worker::worker(asio::any_io_executor executor, worker_options options, handler run)
    : impl_(std::make_shared<impl>(std::move(executor), checked(std::move(options)), std::move(run))) {}
worker::~worker() {
  if (impl_) impl_->abandon();
}
worker::worker(worker&&) noexcept = default;
void worker::start() { impl_->start(); }
void worker::pause() noexcept { impl_->pause(); }
void worker::resume() noexcept { impl_->resume(); }
bool worker::is_paused() const noexcept { return impl_->is_paused(); }
asio::awaitable<std::size_t> worker::close(milliseconds limit) { return impl_->close(limit); }
const worker::counters& worker::counts() const noexcept { return impl_->counts(); }
bool worker::is_connected() const noexcept { return impl_->is_connected(); }

worker::impl::impl(asio::any_io_executor executor, worker_options options, handler run)
    : executor_(executor),
      options_(std::move(options)),
      keys_(options_.prefix, options_.queue),
      handler_(std::move(run)),
      calls_(std::make_shared<link>(executor, link_settings(options_, true))),
      marker_(std::make_shared<link>(executor, link_settings(options_, false))),
      token_base_(random_name()),
      random_(std::random_device{}()),
      news_(executor),
      idle_(executor, clock::time_point::max()),
      renewal_(executor),
      stalled_check_(executor),
      allowed_(executor) {}

void worker::impl::start() {
  calls_->start();
  marker_->start();
  asio::co_spawn(
      executor_, [self = shared_from_this()] { return self->take_jobs(); }, asio::detached);
  asio::co_spawn(
      executor_, [self = shared_from_this()] { return self->keep_locks(); }, asio::detached);
  if (options_.stalled_interval.count() > 0)
    asio::co_spawn(
        executor_, [self = shared_from_this()] { return self->find_stalled(); }, asio::detached);
}

void worker::impl::resume() noexcept {
  is_paused_ = false;
  news_.cancel();
}

asio::awaitable<std::size_t> worker::impl::close(milliseconds limit) {
  const auto self = shared_from_this();
  if (!std::exchange(is_closing_, true)) {
    news_.cancel();
    marker_->close();
    for (auto* one : std::vector<running*>(running_.begin(), running_.end()))
      if (running_.contains(one)) one->stop();
  }
  const auto end = clock::now() + limit;
  // What a take under way brings is ours already, and runs.
  while ((fibers_ > 0 || is_taking_) && clock::now() < end) {
    idle_.expires_at(end);
    (void)co_await idle_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  const auto left = fibers_;
  abandon();
  co_return left;
}

void worker::impl::abandon() noexcept {
  is_closing_ = is_abandoned_ = true;
  calls_->close();
  marker_->close();
  news_.cancel();
  idle_.cancel();
  renewal_.cancel();
  stalled_check_.cancel();
  allowed_.cancel();
}

const worker::counters& worker::impl::counts() noexcept {
  counts_.running = fibers_;
  return counts_;
}

awaitable<void> worker::impl::running::update_progress(const boost::json::value& progress) {
  const auto self = owner_.lock();
  if (!self) return []() -> awaitable<void> { co_return errc::closed; }();
  const auto job_key = self->keys_.job(what.id), text = boost::json::serialize(progress);
  const std::string_view keys[] = {job_key, self->keys_.events, self->keys_.meta},
                         arguments[] = {what.id, text, "10000"};
  return [](awaitable<reply> call) -> awaitable<void> {
    const auto answer = co_await std::move(call);
    if (!answer) co_return answer.error();
    if (answer->is_error(0)) co_return errc::refused;
    if (answer->integer(0).value_or(0) < 0) co_return errc::not_found;
    co_return result<void>();
  }(self->calls_->run(script::progress, keys, arguments));
}

awaitable<std::size_t> worker::impl::running::log(std::string_view line) {
  const auto self = owner_.lock();
  if (!self) return []() -> awaitable<std::size_t> { co_return errc::closed; }();
  const auto job_key = self->keys_.job(what.id), logs = job_key + ":logs";
  const auto keep = what.options.keep_logs ? std::to_string(*what.options.keep_logs) : std::string();
  const std::string_view keys[] = {job_key, logs}, arguments[] = {line, keep};
  return [](awaitable<reply> call) -> awaitable<std::size_t> {
    const auto answer = co_await std::move(call);
    if (!answer) co_return answer.error();
    if (answer->is_error(0)) co_return errc::refused;
    const auto count = answer->integer(0);
    if (!count) co_return errc::bad_reply;
    if (*count < 0) co_return errc::not_found;
    co_return static_cast<std::size_t>(*count);
  }(self->calls_->run(script::log, keys, arguments));
}

bool worker::impl::running::is_closing() const noexcept {
  const auto self = owner_.lock();
  return !self || self->is_closing_;
}

void worker::impl::running::stop() {
  if (const auto call = std::exchange(stop_, nullptr)) call();
}

}  // namespace reprise::jobs

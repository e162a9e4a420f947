#include "reprise/jobs/queue.hpp"

#include "src/jobs/queue_impl.hpp"

#include <boost/system/system_error.hpp>

#include <utility>

namespace reprise::jobs {
namespace {

queue_options checked(queue_options options) {
  queue_keys::check(options.prefix, options.name, options.redis);
  return options;
}

link::settings link_settings(const queue_options& options) {
  link::settings settings;
  settings.redis = options.redis;
  settings.key = queue_keys(options.prefix, options.name).meta;
  // No client name: BullMQ takes whoever bears the queue's for one of its workers.
  settings.deadline = options.deadline;
  settings.most_calls = options.most_waiting_calls;
  settings.most_bytes = options.most_waiting_bytes;
  settings.logger = options.logger;
  settings.log_name = options.name;
  return settings;
}

}  // namespace

queue::queue(boost::asio::any_io_executor executor, queue_options options)
    : impl_(std::make_shared<impl>(std::move(executor), checked(std::move(options)))) {
  impl_->start();
}

queue::~queue() {
  if (impl_) impl_->close();
}

queue::queue(queue&&) noexcept = default;

awaitable<std::string> queue::add(std::string_view name, const boost::json::value& data) {
  return impl_->add(name, data, job_options());
}
awaitable<std::string> queue::add(std::string_view name, const boost::json::value& data, const job_options& options) {
  return impl_->add(name, data, options);
}
awaitable<std::vector<result<std::string>>> queue::add_bulk(const std::vector<new_job>& jobs) {
  return impl_->add_bulk(jobs);
}
awaitable<job> queue::find(std::string id) { return impl_->find(std::move(id)); }
awaitable<job_state> queue::state_of(std::string id) { return impl_->state_of(std::move(id)); }
awaitable<job_counts> queue::counts() { return impl_->counts(); }
awaitable<std::vector<job>> queue::range(job_state state, std::size_t first, std::size_t last, range_order order) {
  return impl_->range(state, first, last, order);
}
awaitable<std::vector<std::string>> queue::logs(std::string id, std::size_t first, std::size_t last) {
  return impl_->logs(std::move(id), first, last);
}
awaitable<void> queue::retry(std::string id, retry_counters counters) { return impl_->retry(std::move(id), counters); }
awaitable<void> queue::promote(std::string id) { return impl_->promote(std::move(id)); }
awaitable<void> queue::remove(std::string id) { return impl_->remove(std::move(id)); }
awaitable<std::vector<std::string>> queue::clean(milliseconds grace, std::size_t limit, job_state state) {
  return impl_->clean(grace, limit, state);
}
awaitable<void> queue::drain(drain_scope scope) { return impl_->drain(scope); }
awaitable<void> queue::obliterate(active_jobs force) { return impl_->obliterate(force); }
awaitable<void> queue::pause() { return impl_->pause(); }
awaitable<void> queue::resume() { return impl_->resume(); }
awaitable<bool> queue::is_paused() { return impl_->is_paused(); }
awaitable<storage_policy> queue::storage() { return impl_->storage(); }
awaitable<void> queue::set_global_concurrency(std::uint32_t most) { return impl_->set_global_concurrency(most); }
awaitable<void> queue::set_global_rate_limit(rate_limit limit) { return impl_->set_global_rate_limit(limit); }
awaitable<milliseconds> queue::rate_limit_wait(std::optional<std::uint32_t> most) {
  return impl_->rate_limit_wait(most);
}
awaitable<void> queue::update_progress(std::string id, const boost::json::value& progress) {
  return impl_->update_progress(std::move(id), progress);
}
awaitable<std::size_t> queue::log(std::string id, std::string line, std::optional<std::uint32_t> keep) {
  return impl_->log(std::move(id), std::move(line), keep);
}
awaitable<boost::json::value> queue::wait_until_finished(std::string id, milliseconds limit,
                                                         std::string* failed_reason) {
  return impl_->wait_until_finished(std::move(id), limit, failed_reason);
}
const std::string& queue::last_refusal() const noexcept { return impl_->last_refusal(); }
void queue::close() noexcept { impl_->close(); }

queue::impl::impl(boost::asio::any_io_executor executor, queue_options options)
    : options_(std::move(options)),
      keys_(options_.prefix, options_.name),
      link_(std::make_shared<link>(executor, link_settings(options_))) {}

void queue::impl::close() noexcept {
  send_adds();
  link_->close();
  if (watch_) watch_->close();
}

// Adds of this turn go before any other call, as they came.
boost::system::error_code queue::impl::begin() {
  send_adds();
  return link_->begin();
}

awaitable<reply> queue::impl::run(script which, link::words keys, link::words arguments) {
  send_adds();
  return link_->run(which, keys, arguments);
}

awaitable<reply> queue::impl::command(link::words words) {
  send_adds();
  return link_->command(words, options_.deadline);
}

// Of a call whose answer is one number.
awaitable<std::int64_t> queue::impl::number_of(boost::asio::awaitable<result<reply>> call) {
  const auto answer = co_await std::move(call);
  if (!answer) co_return answer.error();
  if (answer->is_error(0)) co_return errc::refused;
  const auto value = answer->integer(0);
  if (!value) co_return errc::bad_reply;
  co_return *value;
}

}  // namespace reprise::jobs

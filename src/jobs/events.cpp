#include "reprise/jobs/events.hpp"

#include "src/jobs/event_stream.hpp"
#include "src/jobs/keys.hpp"
#include "src/jobs/link.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <utility>

namespace reprise::jobs {
namespace {

link::settings link_settings(const event_options& options) {
  link::settings settings;
  settings.redis = options.redis;
  settings.key = queue_keys(options.prefix, options.queue).meta;
  settings.client_name = client_name(options.prefix, options.queue, ":qe");
  settings.deadline = options.deadline;
  settings.has_scripts = false;
  settings.logger = options.logger;
  settings.log_name = options.queue + " (events)";
  return settings;
}

event_options checked(event_options options) {
  queue_keys::check(options.prefix, options.queue, options.redis);
  return options;
}

}  // namespace

std::string_view event::field(std::string_view which) const noexcept {
  for (const auto& [key, text] : fields)
    if (key == which) return text;
  return {};
}

class event_listener::impl : public std::enable_shared_from_this<impl> {
 public:
  impl(boost::asio::any_io_executor executor, event_options options)
      : options_(std::move(options)),
        stream_(queue_keys(options_.prefix, options_.queue).events),
        link_(std::make_shared<link>(std::move(executor), link_settings(options_))),
        position_(options_.after) {}

  void start() { link_->start(); }
  void close() noexcept { link_->close(); }
  const std::string& position() const noexcept { return position_; }

  awaitable<void> begin() {
    const auto self = shared_from_this();
    if (!position_.empty()) co_return result<void>();
    const std::string_view words[] = {"XREVRANGE", stream_, "+", "-", "COUNT", "1"};
    const auto answer = co_await link_->command(words, options_.deadline);
    if (!answer) co_return answer.error();
    if (answer->is_error(0)) co_return errc::refused;
    position_ = last_position(*answer);
    co_return result<void>();
  }

  awaitable<std::vector<event>> next(milliseconds wait) {
    const auto self = shared_from_this();
    const auto begun = co_await begin();
    if (!begun) co_return begun.error();
    const auto count = std::to_string(options_.most_events);
    const auto block = std::to_string(std::max<std::int64_t>(1, wait.count()));  // 0 would be for ever
    const std::string_view words[] = {"XREAD", "COUNT", count, "BLOCK", block, "STREAMS", stream_, position_};
    const auto answer = co_await link_->command(words, wait + options_.deadline);
    if (!answer) co_return answer.error();
    if (answer->is_error(0)) co_return errc::refused;
    auto events = events_in(*answer);
    if (!events.empty()) position_ = events.back().position;
    co_return events;
  }

 private:
  event_options options_;
  std::string stream_;
  std::shared_ptr<link> link_;
  std::string position_;
};

event_listener::event_listener(boost::asio::any_io_executor executor, event_options options)
    : impl_(std::make_shared<impl>(std::move(executor), checked(std::move(options)))) {
  impl_->start();
}
event_listener::~event_listener() {
  if (impl_) impl_->close();
}
event_listener::event_listener(event_listener&&) noexcept = default;
awaitable<void> event_listener::begin() { return impl_->begin(); }
awaitable<std::vector<event>> event_listener::next(milliseconds wait) { return impl_->next(wait); }
const std::string& event_listener::position() const noexcept { return impl_->position(); }
void event_listener::close() noexcept { impl_->close(); }

}  // namespace reprise::jobs

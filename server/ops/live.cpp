#include "server/ops/live.hpp"

#include "server/ops/live_points.hpp"
#include "server/ops/live_viewers.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>

#include <mutex>
#include <vector>

namespace bookings::ops {

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

constexpr auto tick_each = 1s, point_each = 10s;
constexpr auto gather_for = 100ms;       // invalidations of that long travel together
constexpr std::size_t most_scopes = 50;  // of one batch
constexpr auto answers_within = 2s;      // a store that takes longer is shown as not answering

}  // namespace

class live::impl : public std::enable_shared_from_this<impl> {
 public:
  impl(asio::any_io_executor executor, live_parts parts)
      : executor_(std::move(executor)), parts_(std::move(parts)), timer_(executor_), gathering_(executor_) {}

  void start() {
    asio::co_spawn(
        executor_, [self = shared_from_this()] { return self->sample(); }, asio::detached);
  }

  void close() {
    viewers_.close();
    asio::post(executor_, [self = shared_from_this()] {
      self->is_closed_ = true;
      self->timer_.cancel();
      self->gathering_.cancel();
    });
  }

  void note_invalidated(std::string_view scope, std::size_t entries) {
    if (!viewers_.any()) return;
    const std::lock_guard lock(news_mutex_);
    if (news_.size() >= most_scopes) {
      ++more_;
      return;
    }
    news_.emplace_back(scope, entries);
    if (news_.size() > 1) return;  // somebody gathers already
    asio::co_spawn(
        executor_, [self = shared_from_this()] { return self->tell_invalidated(); }, asio::detached);
  }

  std::shared_ptr<http::body_stream> watch(const asio::any_io_executor& executor, permission may_look) {
    std::shared_ptr<const std::string> past;
    {
      const std::lock_guard lock(history_mutex_);
      past = std::make_shared<const std::string>(history_.text());
    }
    auto stream = viewers_.add(executor, std::move(past), std::move(may_look));
    if (stream) asio::post(executor_, [self = shared_from_this()] { self->timer_.cancel(); });  // do not let it wait
    return stream;
  }

 private:
  awaitable<void> sample() {
    const auto self = shared_from_this();
    auto next_point = clock::now();
    while (!is_closed_) {
      const auto now = clock::now();
      if (now >= next_point) {
        const std::lock_guard lock(history_mutex_);
        history_.add(parts_.cache.snapshot(), parts_.times.read());
        next_point = now + point_each;
      }
      if (viewers_.any()) {
        ask_others();
        viewers_.tell("tick", boost::json::serialize(tick()));
      }
      timer_.expires_at(viewers_.any() ? std::min(now + tick_each, next_point) : next_point);
      boost::system::error_code woken;
      co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
  }

  boost::json::object tick() {
    const auto now = parts_.cache.snapshot();
    const auto times = parts_.times.read();
    auto told = numbers_of(now);
    told["latency"] = latency_of(last_times_, times);
    told["redis"] = backend_of(last_calls_, now.backend_calls);
    auto& redis = told["redis"].as_object();
    redis["configured"] = !parts_.redis_address.empty();
    redis["address"] = parts_.redis_address;
    redis["up"] = now.backend_up;
    redis["trusted"] = now.trusted;
    redis["lease"] = now.lease.count();
    redis["switchedOff"] = parts_.redis_switch != nullptr && !parts_.redis_switch->is_on();
    last_times_ = times;
    last_calls_ = now.backend_calls;
    const bool is_slow = is_asking_store_ && clock::now() - asked_store_ > answers_within;
    told["store"] = {{"up", is_store_up_ && !is_slow},
                     {"milliseconds", store_milliseconds_},
                     {"outboxPending", backlog_.rows},
                     {"outboxOldest", std::chrono::duration<double>(backlog_.oldest).count()}};
    told["jobs"] = jobs_;
    told["viewers"] = viewers_.size();
    return told;
  }

  // Whoever is slow is asked again only once it has answered, and holds up no tick.
  void ask_others() {
    if (!is_asking_store_) {
      is_asking_store_ = true;
      asked_store_ = clock::now();
      asio::co_spawn(
          executor_, [self = shared_from_this()] { return self->ask_store(); }, asio::detached);
    }
    if (parts_.jobs != nullptr && !is_asking_jobs_) {
      is_asking_jobs_ = true;
      asio::co_spawn(
          executor_, [self = shared_from_this()] { return self->ask_jobs(); }, asio::detached);
    }
  }

  awaitable<void> ask_store() {
    const auto self = shared_from_this();
    const auto backlog = co_await parts_.stores.upkeep("outbox_backlog", [](store& s) { return s.outbox_backlog(); });
    is_store_up_ = backlog.has_value();
    if (backlog) backlog_ = *backlog;
    store_milliseconds_ = std::chrono::duration<double, std::milli>(clock::now() - asked_store_).count();
    is_asking_store_ = false;
  }

  awaitable<void> ask_jobs() {
    const auto self = shared_from_this();
    const auto counts = co_await parts_.jobs->counts();
    if (counts)
      jobs_ = {{"up", true},
               {"waiting", counts->waiting + counts->prioritized},
               {"active", counts->active},
               {"delayed", counts->delayed},
               {"completed", counts->completed},
               {"failed", counts->failed}};
    else
      jobs_ = {{"up", false}};
    is_asking_jobs_ = false;
  }

  awaitable<void> tell_invalidated() {
    const auto self = shared_from_this();
    gathering_.expires_after(gather_for);
    boost::system::error_code woken;
    co_await gathering_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    boost::json::array scopes;
    std::size_t more = 0;
    {
      const std::lock_guard lock(news_mutex_);
      for (const auto& [scope, entries] : news_) scopes.push_back(boost::json::array{scope, entries});
      more = more_;
      news_.clear();
      more_ = 0;
    }
    const boost::json::object told{{"t", seconds_now()}, {"scopes", std::move(scopes)}, {"more", more}};
    viewers_.tell("invalidated", boost::json::serialize(told));
  }

  const asio::any_io_executor executor_;
  const live_parts parts_;
  live_viewers viewers_;

  // on the executor alone
  asio::steady_timer timer_, gathering_;
  bool is_closed_ = false;
  cache_times::snapshot last_times_{};
  backend_calls last_calls_{};
  bool is_asking_store_ = false, is_asking_jobs_ = false, is_store_up_ = true;
  clock::time_point asked_store_{};
  store::backlog backlog_{};
  double store_milliseconds_ = 0;
  boost::json::value jobs_;  // null: there is no queue, or it was not asked yet

  std::mutex history_mutex_;  // guards:
  history history_;
  std::mutex news_mutex_;  // guards:
  std::vector<std::pair<std::string, std::size_t>> news_;
  std::size_t more_ = 0;
};

live::live(asio::any_io_executor executor, live_parts parts)
    : impl_(std::make_shared<impl>(std::move(executor), std::move(parts))) {}

live::~live() = default;

void live::start() { impl_->start(); }
void live::close() { impl_->close(); }
void live::note_invalidated(std::string_view scope, std::size_t entries) { impl_->note_invalidated(scope, entries); }
std::shared_ptr<http::body_stream> live::watch(const asio::any_io_executor& executor, permission may_look) {
  return impl_->watch(executor, std::move(may_look));
}

}  // namespace bookings::ops

// Adding: what is added in one turn of the event loop goes to Redis in as few calls as their kinds allow, since a call
// costs more there than a job.
#include "src/jobs/options_json.hpp"
#include "src/jobs/queue_impl.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <optional>
#include <utility>

namespace reprise::jobs {
namespace {

namespace asio = boost::asio;

// How many jobs one call to Redis adds at most: it does nothing else meanwhile, for about 5 µs each.
constexpr std::size_t most_jobs_a_call = 64;
constexpr std::size_t most_bytes_a_call = 256 * 1024;
// How many jobs of a bulk may be under way.
constexpr std::size_t bulk_window = 8 * most_jobs_a_call;

boost::system::error_code failure(errc why) { return why; }

}  // namespace

// Jobs that one call adds: all of one kind.
struct queue::impl::add_group {
  enum class kind { first_come, lifo, later };
  kind which;
  std::string text;               // their arguments, one behind the other
  std::vector<std::size_t> ends;  // where each ends
  std::vector<added> handlers;

  void put(std::string_view argument) {
    text += argument;
    ends.push_back(text.size());
  }
  void put(std::int64_t number) { put(std::string_view(std::to_string(number))); }
};

// Where an added job's id is waited for: it may come before or after somebody waits.
struct queue::impl::pending_add {
  std::optional<result<std::string>> outcome;
  added waiting;

  void set(boost::system::error_code error, std::string id) {
    if (waiting)
      std::move(waiting)(error, std::move(id));
    else
      outcome = error ? result<std::string>(error) : result<std::string>(std::move(id));
  }
};

awaitable<std::string> queue::impl::add(std::string_view name, const boost::json::value& data,
                                        const job_options& options) {
  auto pending = std::make_shared<pending_add>();
  add_now(name, boost::json::serialize(data), options,
          [pending](boost::system::error_code error, std::string id) { pending->set(error, std::move(id)); });
  return [](std::shared_ptr<pending_add> mine) -> awaitable<std::string> {
    if (mine->outcome) co_return std::move(*mine->outcome);
    auto token = asio::as_tuple(asio::use_awaitable);
    auto [error, id] = co_await asio::async_initiate<decltype(token), void(boost::system::error_code, std::string)>(
        [&mine](auto handler) { mine->waiting = std::move(handler); }, token);
    if (error) co_return error;
    co_return std::move(id);
  }(std::move(pending));
}

void queue::impl::add_now(std::string_view name, std::string_view data, const job_options& options, added handler) {
  if (const auto error = check(options)) return std::move(handler)(error, std::string());
  if (data.size() > options.size_limit.value_or(options_.size_limit))
    return std::move(handler)(failure(errc::too_large), std::string());
  if (adds_under_way_ >= options_.most_waiting_calls)
    return std::move(handler)(failure(errc::overloaded), std::string());
  if (!options.deduplication.id.empty()) return add_deduplicated(name, data, options, std::move(handler));
  const bool is_later = options.delay.count() > 0 || options.priority > 0;
  const auto which = is_later       ? add_group::kind::later
                     : options.lifo ? add_group::kind::lifo
                                    : add_group::kind::first_come;
  if (adds_ &&
      (adds_->which != which || adds_->handlers.size() >= most_jobs_a_call || adds_->text.size() >= most_bytes_a_call))
    send_adds();
  if (!adds_) {
    adds_ = std::make_shared<add_group>();
    adds_->which = which;
  }
  auto& group = *adds_;
  group.put(options.id);
  group.put(name);
  group.put(data);
  group.put(to_json(options));
  group.put(options.timestamp ? milliseconds_since_1970(*options.timestamp) : now_in_milliseconds());
  if (is_later) {
    group.put(options.delay.count());
    group.put(options.priority);
  }
  group.handlers.push_back(std::move(handler));
  ++adds_under_way_;
  if (std::exchange(are_adds_posted_, true)) return;
  // Behind what is ready now, which may add more; then straight to the server.
  asio::post(link_->executor(), [self = shared_from_this()] {
    self->are_adds_posted_ = false;
    self->send_adds();
    self->link_->flush();
  });
}

void queue::impl::send_adds() {
  if (!adds_) return;
  const auto group = std::exchange(adds_, nullptr);
  const auto end = [this, group](boost::system::error_code error, const reply& answer) {
    const bool is_whole = !error && answer.count(0) == group->handlers.size();
    for (std::size_t i = 0; i < group->handlers.size(); ++i) {
      --adds_under_way_;
      auto& handler = group->handlers[i];
      if (error)
        std::move(handler)(error, std::string());
      else if (answer.is_error(0) || answer.is_error(i + 1))
        std::move(handler)(failure(errc::refused), std::string());
      else if (!is_whole)
        std::move(handler)(failure(errc::bad_reply), std::string());
      else
        std::move(handler)(boost::system::error_code(), std::string(answer.text(i + 1)));
    }
  };
  if (const auto error = link_->begin()) return end(error, {});
  const auto most = std::to_string(options_.most_events);
  const bool is_later = group->which == add_group::kind::later;
  std::vector<std::string_view> arguments{keys_.prefix};
  if (!is_later) arguments.push_back(group->which == add_group::kind::lifo ? "RPUSH" : "LPUSH");
  arguments.push_back(most);
  std::size_t from = 0;
  for (const auto to : group->ends) {
    arguments.push_back(std::string_view(group->text).substr(from, to - from));
    from = to;
  }
  if (is_later) {
    const std::string_view keys[] = {keys_.id,      keys_.meta,   keys_.prioritized, keys_.pc,
                                     keys_.delayed, keys_.active, keys_.marker,      keys_.events};
    link_->push_script(script::add_later, keys, arguments);
  } else {
    const std::string_view keys[] = {keys_.id, keys_.meta, keys_.wait, keys_.active, keys_.marker, keys_.events};
    link_->push_script(script::add, keys, arguments);
  }
  group->text = {};
  group->ends = {};
  link_->finish(options_.deadline, [self = shared_from_this(), end](boost::system::error_code error, reply answer) {
    end(error, answer);
  });
}

void queue::impl::add_deduplicated(std::string_view name, std::string_view data, const job_options& options,
                                   added handler) {
  if (const auto error = begin()) return std::move(handler)(error, std::string());
  const auto& once = options.deduplication;
  const auto owner = keys_.of("de:" + once.id), kept = keys_.of("dn:" + once.id);
  const auto most = std::to_string(options_.most_events), opts = to_json(options);
  const auto timestamp =
      std::to_string(options.timestamp ? milliseconds_since_1970(*options.timestamp) : now_in_milliseconds());
  const auto delay = std::to_string(options.delay.count()), priority = std::to_string(options.priority);
  const auto ttl = std::to_string(once.ttl.count());
  const auto flag = [](bool is_set) { return std::string_view(is_set ? "1" : "0"); };
  const std::string_view keys[] = {keys_.id, keys_.meta, keys_.delayed, keys_.active,      keys_.events, owner,
                                   kept,     keys_.wait, keys_.pc,      keys_.prioritized, keys_.marker};
  const std::string_view arguments[] = {keys_.prefix,
                                        most,
                                        options.id,
                                        name,
                                        data,
                                        opts,
                                        timestamp,
                                        delay,
                                        priority,
                                        options.lifo ? "RPUSH" : "LPUSH",
                                        once.id,
                                        ttl,
                                        flag(once.extend),
                                        flag(once.replace),
                                        flag(once.keep_last_if_active)};
  link_->push_script(script::add_deduplicated, keys, arguments);
  ++adds_under_way_;
  link_->finish(options_.deadline, [self = shared_from_this(), handler = std::move(handler)](
                                       boost::system::error_code error, reply answer) mutable {
    --self->adds_under_way_;
    if (!error && answer.is_error(0)) error = errc::refused;
    std::move(handler)(error, error ? std::string() : std::string(answer.text(0)));
  });
}

awaitable<std::vector<result<std::string>>> queue::impl::add_bulk(const std::vector<new_job>& jobs) {
  const auto self = shared_from_this();
  struct progress {
    explicit progress(asio::any_io_executor executor) : changed(std::move(executor)) {}
    std::vector<result<std::string>> results;
    std::size_t under_way = 0;
    asio::steady_timer changed;  // cancelled with each that is done while somebody waits
  };
  auto state = std::make_shared<progress>(link_->executor());
  state->results.assign(jobs.size(), errc::closed);
  state->changed.expires_at(std::chrono::steady_clock::time_point::max());
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const auto window = std::min(bulk_window, options_.most_waiting_calls);
    while (state->under_way >= window) (void)co_await state->changed.async_wait(asio::as_tuple(asio::use_awaitable));
    ++state->under_way;
    const auto data = boost::json::serialize(jobs[i].data);
    add_now(jobs[i].name, data, jobs[i].options, [state, i](boost::system::error_code error, std::string id) {
      state->results[i] = error ? result<std::string>(error) : result<std::string>(std::move(id));
      --state->under_way;
      state->changed.cancel();
    });
  }
  while (state->under_way > 0) (void)co_await state->changed.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return std::move(state->results);
}

}  // namespace reprise::jobs

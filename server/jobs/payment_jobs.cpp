#include "server/jobs/payment_jobs.hpp"

#include "reprise/jobs/events.hpp"
#include "server/tracing/carrier.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>

#include <set>

namespace bookings {

namespace asio = boost::asio;
namespace jobs = reprise::jobs;
using asio::awaitable;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t most_due = 100;                   // handed out at a time
constexpr std::chrono::milliseconds look_each = 1s;     // for what is due
constexpr std::chrono::milliseconds look_again = 50ms;  // where there was more than could be handed out
constexpr std::chrono::milliseconds queue_deadline = 2s;
constexpr std::chrono::milliseconds busy_pause = 5s;  // the store is away, or another process is at the same step
constexpr std::chrono::seconds kept_completed = 24h, kept_failed = 7 * 24h;
constexpr std::size_t id_length = 24;

// What the job is called, in Bull Board too.
std::string name_of(const gateway_payment& what) {
  switch (what.status) {
    case gateway_payment_status::queued:
      return "open-session";
    case gateway_payment_status::refunding:
      return "refund";
    default:
      return "settle";
  }
}

// The first step has the payment's id, which its events tell to whoever waits. Each later one is another job.
std::string job_id_of(const gateway_payment& what) {
  if (what.status == gateway_payment_status::queued || !what.due_at) return what.id;
  return fmt::format("{}-{}-{}", what.id, name_of(what), what.due_at->time_since_epoch().count());
}

jobs::job_options options_of(const std::string& job_id) {
  jobs::job_options options;
  options.id = job_id;
  options.remove_on_complete = jobs::retention::younger_than(kept_completed);
  options.remove_on_fail = jobs::retention::younger_than(kept_failed);
  return options;
}

// The payment that a job is about; absent where its data is not ours.
std::optional<id> payment_of(const jobs::job& what) {
  const auto* data = what.data.if_object();
  const auto* payment_id = data == nullptr ? nullptr : data->if_contains("paymentId");
  if (payment_id == nullptr || !payment_id->is_string()) return {};
  id found(payment_id->get_string());
  if (!is_valid_id(found)) return {};
  return found;
}

// How long until the step is to be taken again; absent where it is over.
std::optional<std::chrono::milliseconds> again_in(const gateway_payment& after) {
  if (after.status != gateway_payment_status::queued || !after.due_at) return {};
  return std::max<std::chrono::milliseconds>(*after.due_at - now(), 100ms);
}

}  // namespace

class payment_jobs::impl : public std::enable_shared_from_this<impl> {
 public:
  impl(asio::any_io_executor executor, async_store& stores, payment_flow& flow, payment_watch& watch,
       job_counts& counts, payment_jobs_options options)
      : executor_(std::move(executor)),
        stores_(stores),
        flow_(flow),
        watch_(watch),
        counts_(counts),
        options_(std::move(options)),
        timer_(executor_),
        idle_(executor_) {}

  const asio::any_io_executor& executor() const noexcept { return executor_; }

  void start() {
    if (options_.redis) start_queue();
    if (!options_.takes_steps) return;  // who takes them looks for them: while the queue is away, nobody else could
    asio::co_spawn(
        executor_, [self = shared_from_this()] { return self->look_for_due(); }, asio::detached);
  }

  void begin(const gateway_payment& what, const std::optional<reprise::trace_parent>& of) {
    asio::post(executor_, [self = shared_from_this(), written = std::make_shared<const gateway_payment>(what),
                           carrier = of ? tracing::to_carrier(*of) : std::string()] {
      if (self->is_stopping_) return;
      asio::co_spawn(self->executor_, self->hand_over(written, first_time::yes, carrier), asio::detached);
    });
  }

  awaitable<void> stop(std::chrono::milliseconds limit) {
    const auto self = shared_from_this();
    is_stopping_ = true;
    timer_.cancel();
    if (events_) events_->close();
    if (worker_) co_await worker_->close(limit);
    const auto deadline = clock::now() + limit;
    while (!under_way_.empty() && clock::now() < deadline) {
      idle_.expires_at(std::min(deadline, clock::now() + 50ms));
      boost::system::error_code woken;
      co_await idle_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
    if (queue_) queue_->close();
  }

 private:
  enum class first_time { yes, no };

  void start_queue() {
    jobs::queue_options of_queue;
    of_queue.name = std::string(payment_queue);
    of_queue.prefix = options_.prefix;
    of_queue.redis = *options_.redis;
    of_queue.deadline = queue_deadline;
    of_queue.logger = spdlog::default_logger();
    queue_.emplace(executor_, of_queue);

    asio::co_spawn(
        executor_, [self = shared_from_this()] { return self->warn_of_eviction(); }, asio::detached);

    jobs::event_options of_events;
    of_events.queue = of_queue.name;
    of_events.prefix = options_.prefix;
    of_events.redis = *options_.redis;
    events_.emplace(executor_, of_events);
    asio::co_spawn(
        executor_, [self = shared_from_this()] { return self->listen(); }, asio::detached);

    if (!options_.takes_steps) return;
    jobs::worker_options of_worker;
    of_worker.queue = of_queue.name;
    of_worker.prefix = options_.prefix;
    of_worker.name = "bookings-server";
    of_worker.redis = *options_.redis;
    of_worker.concurrency = options_.at_once;
    of_worker.logger = spdlog::default_logger();
    const jobs::handler run = [this](const jobs::job& what, jobs::job_context&) { return work(what); };
    worker_.emplace(executor_, of_worker, run);
    worker_->start();
  }

  // A queue whose jobs may be evicted loses time, not payments; but nobody meant it so.
  awaitable<void> warn_of_eviction() {
    const auto self = shared_from_this();
    while (!is_stopping_) {
      const auto policy = co_await queue_->storage();
      if (policy && policy->may_lose_jobs())
        spdlog::warn("[Jobs] The queue's Redis may evict jobs (maxmemory-policy {}{}): give it noeviction, or set"
                     " QUEUE_REDIS_URL to one that has it", policy->eviction, policy->most_bytes == 0 ? ", no maxmemory yet" : "");
      if (policy || policy.error() != jobs::errc::unavailable) co_return;
      co_await pause(look_each);
    }
  }

  // A worker's job.
  awaitable<jobs::outcome> work(const jobs::job& what) {
    const auto payment_id = payment_of(what);
    if (!payment_id) {
      counts_.add(job_result::failed);
      co_return jobs::outcome::unrecoverable("its data names no payment: {\"paymentId\": \"…\"}");
    }
    const auto after = co_await take_step(*payment_id, what.options.telemetry);
    if (!after && after.error() == errc::not_found) {
      counts_.add(job_result::failed);
      co_return jobs::outcome::unrecoverable("there is no such payment");
    }
    const auto pause = after ? again_in(*after) : std::optional(busy_pause);
    counts_.add(pause ? job_result::delayed : job_result::completed);
    if (pause) co_return jobs::outcome::delayed(*pause);
    boost::json::value returned{{"status", to_text(after->status)}};
    co_return jobs::outcome::completed(std::move(returned));
  }

  // What other processes do is told by the queue; what happened while it was away, by nobody.
  awaitable<void> listen() {
    const auto self = shared_from_this();
    while (!is_stopping_) {
      const auto news = co_await events_->next(10s);
      if (!news) {
        if (is_stopping_) co_return;
        watch_.tell_all();
        co_await pause(1s);
        continue;
      }
      for (const auto& each : *news) {
        if (each.job_id.size() >= id_length) watch_.tell(each.job_id.substr(0, id_length));
      }
    }
  }

  awaitable<void> look_for_due() {
    const auto self = shared_from_this();
    while (!is_stopping_) {
      const auto room = room_for_due();
      bool is_all = true;
      if (room > 0) {
        const auto from = now();
        const auto due = co_await stores_.write(
            "claim_due_payments", [&](store& s) { return s.claim_due_payments(from, from + handed_out_for, room); });
        if (due) {
          for (const auto& each : *due) hand_over_due(each);
          is_all = due->size() < room;
        }
      }
      timer_.expires_after(is_all ? look_each : look_again);  // cancelled at the end, which waits for nothing else here
      boost::system::error_code woken;
      if (!is_stopping_) co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
  }

  // What is claimed and then not taken is nobody's for handed_out_for: no more than can be handed over or taken.
  std::size_t room_for_due() const noexcept {
    const bool has_queue = queue_ && !is_queue_away_;
    const auto most = has_queue ? most_due : std::min(most_due, options_.at_once);
    const auto taken = handing_over_ + (has_queue ? 0 : under_way_.size());
    return most - std::min(most, taken);
  }

  // All at once: where the queue is away, each of them waits for it until its deadline.
  void hand_over_due(const gateway_payment& due) {
    const auto what = std::make_shared<const gateway_payment>(due);
    ++handing_over_;
    asio::co_spawn(
        executor_, [self = shared_from_this(), what] { return self->hand_over(what, first_time::no, {}); },
        [self = shared_from_this()](std::exception_ptr) { --self->handing_over_; });
  }

  awaitable<void> hand_over(std::shared_ptr<const gateway_payment> what, first_time which, std::string carrier) {
    const auto self = shared_from_this();
    bool is_added = false;
    if (queue_) is_added = co_await add(*what, which, carrier);
    if (!is_added && options_.takes_steps) take_here(what->id, std::move(carrier));
  }

  awaitable<bool> add(const gateway_payment& what, first_time which, const std::string& carrier) {
    const auto job_id = job_id_of(what);
    const boost::json::value data{{"paymentId", what.id}};
    auto options = options_of(job_id);
    options.telemetry = carrier;
    const auto name = name_of(what);
    // A step that is due, and its job is over: somebody failed it by hand, or its worker died too often.
    if (which == first_time::no && job_id == what.id) {
      const auto state = co_await queue_->state_of(job_id);
      if (state && (*state == jobs::job_state::completed || *state == jobs::job_state::failed))
        (void)co_await queue_->remove(job_id);
    }
    const auto added = co_await queue_->add(name, data, options);
    is_queue_away_ = !added;
    if (!added) tell_queue_away(added.error());
    co_return added.has_value();
  }

  // Without a queue, or while it is away. One step of a payment at a time.
  void take_here(const id& payment_id, std::string carrier) {
    if (is_stopping_ || under_way_.size() >= options_.at_once || !under_way_.insert(payment_id).second) return;
    asio::co_spawn(
        executor_, [self = shared_from_this(), payment_id, carrier = std::move(carrier)] { return self->step_here(payment_id, carrier); },
        [self = shared_from_this(), payment_id](std::exception_ptr failed) {
          self->under_way_.erase(payment_id);
          if (failed) spdlog::error("[Jobs] A step of payment {} threw", payment_id);
        });
  }

  awaitable<void> step_here(const id& payment_id, const std::string& carrier) {
    const auto after = co_await take_step(payment_id, carrier);
    const auto failed = !after && after.error() == errc::not_found;
    const bool is_again = !after || again_in(*after).has_value();  // its date brings it here again
    counts_.add(failed ? job_result::failed : is_again ? job_result::delayed : job_result::completed);
  }

  // As a part of the trace of whoever began it, if any.
  awaitable<result<gateway_payment>> take_step(const id& payment_id, const std::string& carrier) {
    auto from = tracing::parse_carrier(carrier);
    if (!from) co_return co_await flow_.take_step(payment_id);
    const auto of = std::make_shared<reprise::trace>(*from, from->is_sampled ? options_.spans : nullptr);
    const reprise::span working(of, "process payments", reprise::span_kind::consumer);
    auto executor = reprise::traced(executor_, of);
    co_return co_await asio::co_spawn(std::move(executor), flow_.take_step(payment_id), asio::use_awaitable);
  }

  awaitable<void> pause(std::chrono::milliseconds duration) {
    asio::steady_timer timer(executor_, duration);
    boost::system::error_code woken;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }

  void tell_queue_away(boost::system::error_code why) {
    const auto at = clock::now();
    if (at < next_line_) return;
    next_line_ = at + 10s;
    const auto& refusal = queue_->last_refusal();
    spdlog::warn("[Jobs] The queue takes no job ({}{}{}); steps of payments are taken {}", why.message(),
                 refusal.empty() ? "" : ": ", refusal,
                 options_.takes_steps ? "in this process meanwhile" : "once it does");
  }

  const asio::any_io_executor executor_;
  async_store& stores_;
  payment_flow& flow_;
  payment_watch& watch_;
  job_counts& counts_;
  const payment_jobs_options options_;
  asio::steady_timer timer_, idle_;
  std::optional<jobs::queue> queue_;
  std::optional<jobs::event_listener> events_;
  std::optional<jobs::worker> worker_;
  std::set<id> under_way_;        // steps that are taken here without a job
  std::size_t handing_over_ = 0;  // of those that were due
  clock::time_point next_line_{};
  bool is_queue_away_ = false;  // as the last job that was added has it
  bool is_stopping_ = false;
};

payment_jobs::payment_jobs(asio::any_io_executor executor, async_store& stores, payment_flow& flow,
                           payment_watch& watch, job_counts& counts, payment_jobs_options options)
    : impl_(std::make_shared<impl>(std::move(executor), stores, flow, watch, counts, std::move(options))) {}

payment_jobs::~payment_jobs() = default;

void payment_jobs::start() {
  asio::post(impl_->executor(), [impl = impl_] { impl->start(); });
}

void payment_jobs::begin(const gateway_payment& what, const std::optional<reprise::trace_parent>& of) {
  impl_->begin(what, of);
}

awaitable<void> payment_jobs::stop(std::chrono::milliseconds limit) { return impl_->stop(limit); }

}  // namespace bookings

#include "server/ops/job_desk.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>

namespace bookings::ops {

namespace asio = boost::asio;
namespace jobs = reprise::jobs;

// Used on the executor alone.
struct job_desk::state : std::enable_shared_from_this<state> {
  state(asio::any_io_executor on, jobs::queue_options how) : executor(std::move(on)), options(std::move(how)) {}

  jobs::queue* queue() {
    if (is_closed) return nullptr;
    if (!opened) opened.emplace(executor, options);
    return &*opened;
  }

  // Runs call(queue) on the executor, and comes back to the caller's.
  template <class T, class F>
  static awaitable<T> on_queue(std::shared_ptr<state> self, F call) {
    auto run = [](std::shared_ptr<state> own, F what) -> awaitable<T> {
      auto* queue = own->queue();
      if (queue == nullptr) co_return jobs::errc::closed;
      co_return co_await what(*queue);
    };
    const auto executor = self->executor;
    co_return co_await asio::co_spawn(executor, run(std::move(self), std::move(call)), asio::use_awaitable);
  }

  const asio::any_io_executor executor;
  const jobs::queue_options options;
  std::optional<jobs::queue> opened;
  bool is_closed = false;
};

job_desk::job_desk(asio::any_io_executor executor, jobs::queue_options options)
    : state_(std::make_shared<state>(std::move(executor), std::move(options))) {}

job_desk::~job_desk() = default;

auto job_desk::counts() -> awaitable<jobs::job_counts> {
  return state::on_queue<jobs::job_counts>(state_, [](jobs::queue& queue) { return queue.counts(); });
}

auto job_desk::range(jobs::job_state of, std::size_t first, std::size_t last) -> awaitable<std::vector<jobs::job>> {
  return state::on_queue<std::vector<jobs::job>>(
      state_, [=](jobs::queue& queue) { return queue.range(of, first, last, jobs::range_order::newest_first); });
}

auto job_desk::retry(std::string id) -> awaitable<void> {
  return state::on_queue<void>(
      state_, [id = std::move(id)](jobs::queue& queue) { return queue.retry(id, jobs::retry_counters::reset); });
}

void job_desk::close() {
  asio::post(state_->executor, [state = state_] {
    state->is_closed = true;
    if (state->opened) state->opened->close();
  });
}

}  // namespace bookings::ops

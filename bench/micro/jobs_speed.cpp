// How fast the job queue is on one Redis, and what it costs in this process and in Redis: jobs a second, and CPU a job.
//
//   jobs_speed PORT [JOBS]      on a Redis that may be filled
#include "reprise/jobs/queue.hpp"
#include "reprise/jobs/worker.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

namespace {

namespace asio = boost::asio;
namespace jobs = reprise::jobs;
using clock_type = std::chrono::steady_clock;

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

class measurement {
 public:
  void report(const char* what, std::size_t count) const {
    const auto seconds = std::chrono::duration<double>(clock_type::now() - begun_).count();
    std::printf("%-28s %9.0f jobs/s   %6.2f us CPU here a job\n", what, static_cast<double>(count) / seconds,
                (cpu_seconds() - cpu_) * 1e6 / static_cast<double>(count));
    std::fflush(stdout);
  }

 private:
  clock_type::time_point begun_ = clock_type::now();
  double cpu_ = cpu_seconds();
};

jobs::queue_options options_for(const char* name, std::uint16_t port) {
  jobs::queue_options options;
  options.name = name;
  options.redis.port = port;
  return options;
}

asio::awaitable<void> add_some(jobs::queue& queue, std::size_t& left, const boost::json::value& data) {
  while (left > 0) {
    --left;
    const auto id = co_await queue.add("j", data);
    if (!id) throw boost::system::system_error(id.error());
  }
}

void add(std::uint16_t port, const char* name, const char* title, std::size_t count, std::size_t in_flight) {
  asio::io_context io(1);
  auto queue = std::make_unique<jobs::queue>(io.get_executor(), options_for(name, port));
  const boost::json::value data{{"n", 1}, {"to", "somebody@example.org"}};
  auto left = count;
  std::size_t running = in_flight;
  const measurement time;
  for (std::size_t i = 0; i < in_flight; ++i)
    asio::co_spawn(io, add_some(*queue, left, data), [&](std::exception_ptr problem) {
      if (problem) std::rethrow_exception(problem);
      if (--running > 0) return;
      time.report(title, count);
      queue.reset();
    });
  io.run();
}

void add_bulk(std::uint16_t port, std::size_t count) {
  asio::io_context io(1);
  auto queue = std::make_unique<jobs::queue>(io.get_executor(), options_for("bulk", port));
  std::vector<jobs::new_job> some;
  for (int i = 0; i < 500; ++i) some.emplace_back("j", boost::json::value{{"n", 1}, {"to", "somebody@example.org"}});
  const measurement time;
  const auto all = [&]() -> asio::awaitable<void> {
    for (std::size_t done = 0; done < count; done += some.size()) {
      const auto ids = co_await queue->add_bulk(some);
      if (!ids || !ids->front()) throw std::runtime_error("not added");
    }
    time.report("add, bulks of 500", count);
    queue.reset();
  };
  asio::co_spawn(io, all, asio::detached);
  io.run();
}

void process(std::uint16_t port, const char* name, const char* title, std::size_t concurrency, std::size_t count) {
  asio::io_context io(1);
  jobs::worker_options options;
  options.queue = name;
  options.redis.port = port;
  options.concurrency = concurrency;
  std::size_t done = 0;
  const measurement time;
  std::unique_ptr<jobs::worker> worker;
  const auto run = [&](const jobs::job&, jobs::job_context&) -> asio::awaitable<jobs::outcome> {
    if (++done == count) {
      time.report(title, count);
      asio::co_spawn(
          io, [&]() -> asio::awaitable<void> { (void)co_await worker->close(std::chrono::seconds(5)); },
          asio::detached);
    }
    co_return jobs::outcome::completed();
  };
  worker = std::make_unique<jobs::worker>(io.get_executor(), options, run);
  worker->start();
  io.run();
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) return 1;
  const auto port = static_cast<std::uint16_t>(std::atoi(words[1]));
  const std::size_t jobs_each = count > 2 ? static_cast<std::size_t>(std::atoll(words[2])) : 50'000;
  add(port, "one", "add, awaiting each", jobs_each / 2, 1);
  add(port, "fifty", "add, 50 in flight", jobs_each, 50);
  add_bulk(port, jobs_each);
  process(port, "one", "process, concurrency 1", 1, jobs_each / 2);
  process(port, "fifty", "process, concurrency 50", 50, jobs_each);
}

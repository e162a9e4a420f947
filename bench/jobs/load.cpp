// jobs_load PORT: adds and processes jobs as fast as reprise::jobs does, driven by lines of JSON on stdin;
// bench/peers/bullmq/load.mjs is the same on npm's BullMQ.
//   → {"do": "add", "queue": …, "count": …, "in_flight": …}   ← {"seconds": …}
#include "reprise/jobs/queue.hpp"
#include "reprise/jobs/worker.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/parse.hpp>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

namespace asio = boost::asio;
namespace json = boost::json;
namespace jobs = reprise::jobs;
using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

json::value payload(std::size_t n) { return {{"to", "someone@example.com"}, {"subject", "Your booking"}, {"n", n}}; }

std::size_t number(const json::object& command, std::string_view name) {
  return command.at(name).to_number<std::size_t>();
}

void hold(bool good, const boost::system::error_code& error) {
  if (!good) throw std::runtime_error(error.message());
}

// Runs all that is spawned until it is done, on this thread.
double run(std::function<asio::awaitable<double>(asio::any_io_executor)> work) {
  asio::io_context context(1);
  double seconds = 0;
  asio::co_spawn(context, work(context.get_executor()), [&](std::exception_ptr failed, double took) {
    if (failed) std::rethrow_exception(failed);
    seconds = took;
  });
  context.run();
  return seconds;
}

jobs::queue_options options_of(const json::object& command, std::uint16_t port) {
  jobs::queue_options options;
  options.name = std::string(command.at("queue").as_string());
  options.redis.port = port;
  return options;
}

double since(clock::time_point began) { return std::chrono::duration<double>(clock::now() - began).count(); }

// Each of `in_flight` loops awaits its add before the next.
asio::awaitable<void> add_loop(jobs::queue& queue, std::size_t& next, std::size_t count, std::size_t& running) {
  while (next < count) {
    const auto data = payload(next++);
    const auto id = co_await queue.add("email", data);
    hold(id.has_value(), id.error());
  }
  --running;
}

asio::awaitable<double> add(const json::object& command, jobs::queue& queue) {
  const auto executor = co_await asio::this_coro::executor;
  const auto ready = co_await queue.counts();  // connected
  hold(ready.has_value(), ready.error());
  const auto count = number(command, "count");
  std::size_t next = 0, running = number(command, "in_flight");
  asio::steady_timer done(executor, clock::time_point::max());
  const auto began = clock::now();
  for (auto left = running; left > 0; --left)
    asio::co_spawn(executor, add_loop(queue, next, count, running), [&](std::exception_ptr failed) {
      if (failed) std::rethrow_exception(failed);
      if (running == 0) done.cancel();
    });
  (void)co_await done.async_wait(asio::as_tuple(asio::deferred));
  co_return since(began);
}

asio::awaitable<double> add_bulk(const json::object& command, jobs::queue& queue) {
  const auto ready = co_await queue.counts();
  hold(ready.has_value(), ready.error());
  const auto count = number(command, "count"), chunk = number(command, "chunk");
  const auto began = clock::now();
  for (std::size_t next = 0; next < count; next += chunk) {
    std::vector<jobs::new_job> all;
    all.reserve(chunk);
    for (std::size_t i = 0; i < chunk; ++i) all.emplace_back("email", payload(next + i));
    const auto added = co_await queue.add_bulk(all);
    hold(added.has_value(), added.error());
    for (const auto& each : *added) hold(each.has_value(), each.error());
  }
  co_return since(began);
}

asio::awaitable<jobs::outcome> nothing(const jobs::job&, jobs::job_context&) { co_return jobs::outcome::completed(); }

// From when a connected worker begins until the last job's end was written.
asio::awaitable<double> process(const json::object& command, std::uint16_t port, asio::any_io_executor executor) {
  jobs::worker_options options;
  options.queue = std::string(command.at("queue").as_string());
  options.redis.port = port;
  options.concurrency = number(command, "concurrency");
  jobs::worker worker(executor, options, nothing);
  worker.pause();
  worker.start();
  asio::steady_timer pause(executor);
  const auto count = number(command, "count");
  while (!worker.is_connected()) {
    pause.expires_after(milliseconds(1));
    co_await pause.async_wait(asio::deferred);
  }
  const auto began = clock::now();
  worker.resume();
  while (worker.counts().completed < count) {
    hold(worker.counts().failed == 0, jobs::errc::job_failed);
    pause.expires_after(milliseconds(1));
    co_await pause.async_wait(asio::deferred);
  }
  const auto seconds = since(began);
  co_await worker.close(milliseconds(10'000));
  co_return seconds;
}

double execute(const json::object& command, std::uint16_t port) {
  const auto& what = command.at("do").as_string();
  return run([&](asio::any_io_executor executor) -> asio::awaitable<double> {
    if (what == "process") co_return co_await process(command, port, executor);
    jobs::queue queue(executor, options_of(command, port));
    if (what == "add") co_return co_await add(command, queue);
    co_return co_await add_bulk(command, queue);
  });
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) return std::cerr << "jobs_load PORT\n", 2;
  for (std::string line; std::getline(std::cin, line);) {
    const auto command = json::parse(line);
    const auto seconds = execute(command.as_object(), static_cast<std::uint16_t>(std::atoi(words[1])));
    std::cout << "{\"seconds\": " << seconds << "}" << std::endl;
  }
}

// A job queue in the Redis at 127.0.0.1:PORT: one program adds a job, works on it, and waits for what it returns. Worker
// and producer may as well be two programs, and either of them Node.js with the npm package bullmq.
//
//   queue_example PORT
#include <reprise/jobs/queue.hpp>
#include <reprise/jobs/worker.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/serialize.hpp>

#include <exception>
#include <iostream>

namespace asio = boost::asio;
namespace jobs = reprise::jobs;
using namespace std::chrono_literals;

// Run at least once for each job: it must bear being run twice.
asio::awaitable<jobs::outcome> send_letter(const jobs::job& what, jobs::job_context&) {
  std::cout << what.name << " for " << what.data.at("to").as_string().c_str() << '\n';
  boost::json::value done{{"sent", true}};
  co_return jobs::outcome::completed(std::move(done));
}

asio::awaitable<void> run(asio::any_io_executor executor, reprise::redis_options redis) {
  jobs::queue_options where;
  where.name = "emails";
  where.redis = redis;
  jobs::queue emails(executor, where);

  jobs::worker_options how;
  how.queue = "emails";
  how.redis = redis;
  jobs::worker work(executor, how, send_letter);
  work.start();

  jobs::job_options options;
  options.attempts = 3;
  options.backoff.emplace(jobs::backoff::kind::exponential, 1s);
  const boost::json::value letter{{"to", "a@example.com"}};
  const auto id = co_await emails.add("welcome", letter, options);
  const auto returned = co_await emails.wait_until_finished(id.value(), 10s);
  std::cout << boost::json::serialize(returned.value()) << '\n';
  co_await work.close(10s);
}

int main(int, char** arguments) try {
  asio::io_context io(1);
  reprise::redis_options redis;
  redis.port = static_cast<std::uint16_t>(std::stoi(arguments[1]));
  std::exception_ptr fault;
  asio::co_spawn(io, run(io.get_executor(), redis), [&](std::exception_ptr why) { fault = why; });
  io.run();
  if (fault) std::rethrow_exception(fault);
} catch (const std::exception& why) {
  std::cerr << "queue_example: " << why.what() << '\n';
  return 1;
}

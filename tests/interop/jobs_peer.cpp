// jobs_peer PORT: reprise::jobs as a producer, worker and listener, driven by lines of JSON on stdin (lines.mjs). It
// takes the commands of peer.mjs, so that a test can put either in the other's place. The end of stdin ends it.
#include "tests/interop/job_json.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

namespace {

namespace asio = boost::asio;
namespace json = boost::json;
namespace jobs = reprise::jobs;
using std::chrono::milliseconds;
using answer = asio::awaitable<json::value>;

constexpr milliseconds patience{30'000};

void say(const json::value& told) { std::cout << json::serialize(told) << std::endl; }

template <class T>
T&& held(boost::system::result<T>& got) {
  if (!got) throw std::runtime_error(got.error().message());
  return std::move(*got);
}
void held(const boost::system::result<void>& got) {
  if (!got) throw std::runtime_error(got.error().message());
}

// What a job's data asks of whoever works on it; process_job of peer.mjs is the same.
asio::awaitable<jobs::outcome> process_job(const std::string& queue, const jobs::job& job, jobs::job_context& context) {
  const auto asked = job.data.is_object() ? job.data.as_object() : json::object();
  say({{"news", "ran"}, {"queue", queue}, {"job", job.id}, {"attempt", job.attempts_made + 1}, {"name", job.name}});
  if (const auto* list = asked.if_contains("progress"))
    for (const auto& progress : list->as_array()) held(co_await context.update_progress(progress));
  if (const auto* list = asked.if_contains("log"))
    for (const auto& line : list->as_array()) {
      auto count = co_await context.log(line.as_string());
      held(count);
    }
  if (const auto* pause = asked.if_contains("take_ms"); pause && pause->to_number<std::int64_t>() > 0) {
    asio::steady_timer timer(co_await asio::this_coro::executor, milliseconds(pause->to_number<std::int64_t>()));
    co_await timer.async_wait(asio::deferred);
  }
  if (const auto* reason = asked.if_contains("unrecoverable"))
    co_return jobs::outcome::unrecoverable(std::string(reason->as_string()));
  const auto* failures = asked.if_contains("fail");
  if (failures && job.attempts_made < failures->to_number<std::uint32_t>())
    co_return jobs::outcome::failed("failure " + std::to_string(job.attempts_made + 1));
  const auto* returns = asked.if_contains("returns");
  if (returns == nullptr) co_return jobs::outcome::completed();
  co_return jobs::outcome::completed(*returns);
}

class peer {
 public:
  peer(asio::any_io_executor executor, std::uint16_t port) : executor_(std::move(executor)) { redis_.port = port; }

  // Serves until stdin ends.
  asio::awaitable<void> run();

 private:
  asio::awaitable<void> answer_line(std::string line);
  answer execute(const json::object& command);
  answer add(const json::object& command);
  answer add_bulk(const json::object& command);
  answer get(const json::object& command);
  answer wait(const json::object& command);
  answer clean(const json::object& command);
  answer work(const json::object& command);
  answer listen(const json::object& command);
  answer forget(std::string queue);
  asio::awaitable<void> follow(std::string name, std::shared_ptr<jobs::event_listener> events);

  jobs::queue& queue(const json::object& command);
  asio::awaitable<void> close_worker(const std::string& name);

  asio::any_io_executor executor_;
  reprise::redis_options redis_;
  std::map<std::string, std::unique_ptr<jobs::queue>> queues_;
  std::map<std::string, std::unique_ptr<jobs::worker>> workers_;
  std::map<std::string, std::shared_ptr<jobs::event_listener>> listeners_;
};

std::string text(const json::object& command, std::string_view name) {
  return std::string(command.at(name).as_string());
}

json::object object(const json::object& command, std::string_view name) {
  const auto* found = command.if_contains(name);
  return found && found->is_object() ? found->as_object() : json::object();
}

std::int64_t number(const json::object& command, std::string_view name, std::int64_t otherwise) {
  const auto* found = command.if_contains(name);
  return found ? found->to_number<std::int64_t>() : otherwise;
}

jobs::queue& peer::queue(const json::object& command) {
  const auto name = text(command, "queue");
  auto& found = queues_[name];
  if (!found) {
    jobs::queue_options options;
    options.name = name;
    options.redis = redis_;
    options.deadline = patience;
    found = std::make_unique<jobs::queue>(executor_, options);
  }
  return *found;
}

answer peer::add(const json::object& command) {
  const auto options = interop::job_options_of(object(command, "options"));
  auto id = co_await queue(command).add(text(command, "name"), command.at("data"), options);
  co_return json::value(held(id));
}

answer peer::add_bulk(const json::object& command) {
  std::vector<jobs::new_job> all;
  for (const auto& each : command.at("jobs").as_array()) {
    const auto& told = each.as_object();
    all.emplace_back(text(told, "name"), told.at("data"), interop::job_options_of(object(told, "options")));
  }
  auto added = co_await queue(command).add_bulk(all);
  json::array ids;
  for (auto& each : held(added)) ids.emplace_back(held(each));
  co_return ids;
}

answer peer::get(const json::object& command) {
  auto found = co_await queue(command).find(text(command, "job"));
  if (!found && found.error() == jobs::errc::not_found) co_return nullptr;
  const auto job = held(found);
  auto state = co_await queue(command).state_of(job.id);
  co_return interop::told(job, held(state));
}

answer peer::wait(const json::object& command) {
  std::string why;
  auto returned = co_await queue(command).wait_until_finished(text(command, "job"),
                                                              milliseconds(number(command, "limit_ms", 20000)), &why);
  if (!returned && returned.error() == jobs::errc::job_failed) co_return json::object{{"failed", why}};
  co_return json::object{{"returned", held(returned)}};
}

answer peer::clean(const json::object& command) {
  const milliseconds grace(number(command, "grace_ms", 0));
  const auto limit = static_cast<std::size_t>(number(command, "limit", 0));
  const auto state = interop::state_of(text(command, "state"));
  auto ids = co_await queue(command).clean(grace, limit, state);
  co_return json::value_from(held(ids));
}

answer peer::work(const json::object& command) {
  jobs::worker_options options;
  options.queue = text(command, "queue");
  options.redis = redis_;
  options.deadline = patience;
  interop::read_worker_options(object(command, "options"), options);
  auto& worker = workers_[options.queue];
  worker = std::make_unique<jobs::worker>(executor_, options,
                                          [name = options.queue](const jobs::job& job, jobs::job_context& context) {
                                            return process_job(name, job, context);
                                          });
  worker->start();
  asio::steady_timer pause(executor_);
  while (!worker->is_connected()) {  // as waitUntilReady(): there is no event of it
    pause.expires_after(milliseconds(2));
    co_await pause.async_wait(asio::deferred);
  }
  co_return nullptr;
}

answer peer::listen(const json::object& command) {
  jobs::event_options options;
  options.queue = text(command, "queue");
  options.redis = redis_;
  auto events = std::make_shared<jobs::event_listener>(executor_, options);
  listeners_[options.queue] = events;
  held(co_await events->begin());
  asio::co_spawn(executor_, follow(options.queue, events), asio::detached);
  co_return nullptr;
}

asio::awaitable<void> peer::follow(std::string name, std::shared_ptr<jobs::event_listener> events) {
  for (;;) {
    const auto news = co_await events->next(std::chrono::seconds(10));
    if (!news && news.error() == jobs::errc::closed) co_return;
    if (!news) say({{"news", "listener failed"}, {"queue", name}, {"why", news.error().message()}});
    if (!news) co_return;
    for (const auto& each : *news) {
      auto told = interop::told(each);
      told["queue"] = name;
      say(told);
    }
  }
}

asio::awaitable<void> peer::close_worker(const std::string& name) {
  const auto found = workers_.find(name);
  if (found == workers_.end()) co_return;
  auto worker = std::move(found->second);
  workers_.erase(found);
  co_await worker->close(patience);
}

answer peer::forget(std::string queue) {
  co_await close_worker(queue);
  queues_.erase(queue);
  if (const auto found = listeners_.find(queue); found != listeners_.end()) {
    found->second->close();
    listeners_.erase(found);
  }
  co_return nullptr;
}

answer peer::execute(const json::object& command) {
  const auto what = text(command, "do");
  if (what == "add") co_return co_await add(command);
  if (what == "add_bulk") co_return co_await add_bulk(command);
  if (what == "get") co_return co_await get(command);
  if (what == "wait") co_return co_await wait(command);
  if (what == "clean") co_return co_await clean(command);
  if (what == "work") co_return co_await work(command);
  if (what == "listen") co_return co_await listen(command);
  if (what == "forget") co_return co_await forget(text(command, "queue"));
  if (what == "stop") {
    co_await close_worker(text(command, "queue"));
    co_return nullptr;
  }
  auto& on = queue(command);
  if (what == "counts") {
    auto counts = co_await on.counts();
    co_return interop::told(held(counts));
  }
  const auto job = command.contains("job") ? text(command, "job") : std::string();
  if (what == "logs") {
    auto lines = co_await on.logs(job, 0, 999);
    co_return json::value_from(held(lines));
  }
  if (what == "retry")
    held(co_await on.retry(job, jobs::retry_counters::keep));
  else if (what == "promote")
    held(co_await on.promote(job));
  else if (what == "remove")
    held(co_await on.remove(job));
  else if (what == "pause")
    held(co_await on.pause());
  else if (what == "resume")
    held(co_await on.resume());
  else if (what == "drain")
    held(co_await on.drain(jobs::drain_scope::waiting));
  else if (what == "obliterate") {
    held(co_await on.pause());  // as Node's does by itself
    held(co_await on.obliterate(jobs::active_jobs::remove));
  } else if (what == "set_concurrency")
    held(co_await on.set_global_concurrency(static_cast<std::uint32_t>(number(command, "most", 0))));
  else
    throw std::invalid_argument("no command " + what);
  co_return nullptr;
}

asio::awaitable<void> peer::answer_line(std::string line) {
  const auto parsed = json::parse(line);
  const auto& command = parsed.as_object();
  json::object told{{"id", command.at("id")}};
  try {
    told["ok"] = co_await execute(command);
  } catch (const std::exception& error) {
    told["error"] = error.what();
  }
  say(told);
}

asio::awaitable<void> peer::run() {
  say({{"news", "ready"}});
  asio::posix::stream_descriptor input(executor_, ::dup(STDIN_FILENO));
  std::string buffer;
  for (;;) {
    const auto [error, size] =
        co_await asio::async_read_until(input, asio::dynamic_buffer(buffer), '\n', asio::as_tuple(asio::deferred));
    if (error) break;
    asio::co_spawn(executor_, answer_line(buffer.substr(0, size)), asio::detached);
    buffer.erase(0, size);
  }
  while (!workers_.empty()) co_await forget(workers_.begin()->first);
  for (const auto& [name, events] : listeners_) events->close();
  queues_.clear();
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) return std::cerr << "jobs_peer PORT\n", 2;
  asio::io_context context(1);
  peer it(context.get_executor(), static_cast<std::uint16_t>(std::atoi(words[1])));
  asio::co_spawn(context, it.run(), asio::detached);
  context.run();
}

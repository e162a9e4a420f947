// A queue on a Redis of its own, and what is seen of it from outside: the keys, as redis-cli shows them.
#pragma once

#include "reprise/jobs/events.hpp"
#include "reprise/jobs/queue.hpp"
#include "reprise/jobs/worker.hpp"
#include "tests/support/engine_threads.hpp"
#include "tests/support/redis_server.hpp"

#include <boost/json/value.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace reprise::testing {

using namespace std::chrono_literals;
using jobs::job;
using jobs::job_context;
using jobs::job_options;
using jobs::job_state;
using jobs::outcome;
using std::chrono::milliseconds;

class jobs_world {
 public:
  explicit jobs_world(std::vector<std::string> redis_arguments = {}, std::string prefix = "bull")
      : redis(std::move(redis_arguments)), prefix_(std::move(prefix)) {
    where_.port = redis.port();
    open();
  }
  // On something else than its own Redis.
  jobs_world(redis_options where, std::string prefix) : where_(std::move(where)), prefix_(std::move(prefix)) { open(); }
  void open() {
    queue = run([this]() -> asio::awaitable<std::unique_ptr<jobs::queue>> {
      jobs::queue_options options;
      options.name = "q";
      options.prefix = prefix_;
      options.redis = where();
      options.deadline = deadline;
      co_return std::make_unique<jobs::queue>(co_await asio::this_coro::executor, options);
    });
  }
  ~jobs_world() {
    run([this]() -> asio::awaitable<void> {
      for (auto& each : workers_) (void)co_await each->close(5s);
      workers_.clear();
      queue.reset();
    });
  }

  const redis_options& where() const { return where_; }

  // Runs what makes an awaitable on the queue's thread, to its end.
  template <class Make>
  typename std::invoke_result_t<Make&>::value_type run(Make make) {
    return threads.wait(call(std::move(make)));
  }
  template <class Make>
  std::future<typename std::invoke_result_t<Make&>::value_type> start(Make make) {
    return threads.start(call(std::move(make)));
  }

  // What it returns, asked for on the queue's thread.
  template <class Ask>
  auto ask(Ask what) {
    using answer = std::invoke_result_t<Ask&>;
    return run([&]() -> asio::awaitable<answer> { co_return what(); });
  }

  std::string add(const std::string& name, const boost::json::value& data = boost::json::object(),
                  const job_options& options = job_options()) {
    const auto id = run([&] { return queue->add(name, data, options); });
    return id ? *id : "error: " + id.error().message();
  }

  jobs::worker_options worker_options() const {
    jobs::worker_options options;
    options.queue = "q";
    options.prefix = prefix_;
    options.redis = where();
    options.deadline = deadline;
    options.drain_delay = 500ms;
    return options;
  }
  jobs::worker& work(jobs::worker_options options, jobs::handler handler) {
    return *run([&]() -> asio::awaitable<jobs::worker*> {
      auto& made = workers_.emplace_back(
          std::make_unique<jobs::worker>(co_await asio::this_coro::executor, options, std::move(handler)));
      made->start();
      co_return made.get();
    });
  }
  jobs::worker& work(jobs::handler handler) { return work(worker_options(), std::move(handler)); }
  // The last one, as if its process had died.
  void kill_worker() {
    run([this]() -> asio::awaitable<void> {
      workers_.pop_back();
      co_return;
    });
  }

  job_state state(const std::string& id) {
    const auto found = run([&] { return queue->state_of(id); });
    return found ? *found : job_state::unknown;
  }
  bool comes_to(const std::string& id, job_state wanted) {
    return eventually([&] { return state(id) == wanted; });
  }
  job find(const std::string& id) {
    const auto found = run([&] { return queue->find(id); });
    EXPECT_TRUE(found);
    return found ? *found : job();
  }

  std::string key(const std::string& name) const { return prefix_ + ":q:" + name; }
  std::string redis_cli(std::vector<std::string> words) const { return redis.command(words); }
  bool exists(const std::string& name) const { return redis_cli({"EXISTS", key(name)}) == "1"; }
  std::vector<std::string> list(const std::string& name) const { return redis.lines({"LRANGE", key(name), "0", "-1"}); }
  // Members and scores, or fields and values.
  std::map<std::string, std::string> sorted_set(const std::string& name) const {
    return pairs(redis.lines({"ZRANGE", key(name), "0", "-1", "WITHSCORES"}));
  }
  std::map<std::string, std::string> hash(const std::string& name) const {
    return pairs(redis.lines({"HGETALL", key(name)}));
  }
  // "added 1", "waiting 1 prev=delayed", …: all events, without what each carries of data.
  std::vector<std::string> events() const {
    std::vector<std::string> all;
    for (auto& each : raw_events()) {
      const auto more = [&each](const char* name, const char* before) {
        return each.count(name) ? before + each[name] : "";
      };
      all.push_back(each["event"] + more("jobId", " ") + more("prev", " prev="));
    }
    return all;
  }
  // Of the last event of that name.
  std::string event_field(const std::string& event, const std::string& field) const {
    std::string found;
    for (auto& each : raw_events())
      if (each["event"] == event) found = each[field];
    return found;
  }

  redis_server redis;
  io_threads threads{1};
  milliseconds deadline{5000};
  std::unique_ptr<jobs::queue> queue;

 private:
  template <class Make>
  static std::invoke_result_t<Make&> call(Make make) {
    co_return co_await make();
  }
  std::vector<std::map<std::string, std::string>> raw_events() const {
    std::vector<std::map<std::string, std::string>> all;
    const auto entries = boost::json::parse(redis.command({"--json", "XRANGE", key("events"), "-", "+"}));
    for (const auto& entry : entries.as_array()) {
      const auto& fields = entry.as_array().at(1).as_array();
      auto& one = all.emplace_back();
      for (std::size_t i = 0; i + 1 < fields.size(); i += 2)
        one[std::string(fields[i].as_string())] = fields[i + 1].as_string();
    }
    return all;
  }
  static std::map<std::string, std::string> pairs(const std::vector<std::string>& lines) {
    std::map<std::string, std::string> all;
    for (std::size_t i = 0; i + 1 < lines.size(); i += 2) all[lines[i]] = lines[i + 1];
    return all;
  }

  redis_options where_;
  std::string prefix_;
  std::vector<std::unique_ptr<jobs::worker>> workers_;
};

inline jobs::handler completes(boost::json::value with = nullptr) {
  return [with = std::move(with)](const job&, job_context&) -> asio::awaitable<outcome> {
    co_return outcome::completed(with);
  };
}

using texts = std::vector<std::string>;

}  // namespace reprise::testing

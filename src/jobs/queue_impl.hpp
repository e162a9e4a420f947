// What stands behind a queue: its calls are in queue_add.cpp, queue_read.cpp and queue_change.cpp.
#pragma once

#include "reprise/jobs/queue.hpp"
#include "src/jobs/finish_watch.hpp"
#include "src/jobs/keys.hpp"
#include "src/jobs/link.hpp"
#include "src/jobs/time.hpp"

#include <boost/asio/any_completion_handler.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::jobs {

class queue::impl : public std::enable_shared_from_this<impl> {
 public:
  impl(boost::asio::any_io_executor executor, queue_options options);
  void start() { link_->start(); }
  void close() noexcept;
  const std::string& last_refusal() const noexcept { return link_->last_refusal(); }

  awaitable<std::string> add(std::string_view name, const boost::json::value& data, const job_options& options);
  awaitable<std::vector<result<std::string>>> add_bulk(const std::vector<new_job>& jobs);

  awaitable<job> find(std::string id);
  awaitable<job_state> state_of(std::string id);
  awaitable<job_counts> counts();
  awaitable<std::vector<job>> range(job_state state, std::size_t first, std::size_t last, range_order order);
  awaitable<std::vector<std::string>> logs(std::string id, std::size_t first, std::size_t last);
  awaitable<bool> is_paused();
  awaitable<storage_policy> storage();
  awaitable<milliseconds> rate_limit_wait(std::optional<std::uint32_t> most);
  awaitable<boost::json::value> wait_until_finished(std::string id, milliseconds limit, std::string* failed_reason);

  awaitable<void> retry(std::string id, retry_counters counters);
  awaitable<void> promote(std::string id);
  awaitable<void> remove(std::string id);
  awaitable<std::vector<std::string>> clean(milliseconds grace, std::size_t limit, job_state state);
  awaitable<void> drain(drain_scope scope);
  awaitable<void> obliterate(active_jobs force);
  awaitable<void> pause();
  awaitable<void> resume();
  awaitable<void> set_global_concurrency(std::uint32_t most);
  awaitable<void> set_global_rate_limit(rate_limit limit);
  awaitable<void> update_progress(std::string id, const boost::json::value& progress);
  awaitable<std::size_t> log(std::string id, std::string line, std::optional<std::uint32_t> keep);

 private:
  struct add_group;
  struct pending_add;
  // Where the added job's id, or why there is none, arrives.
  using added = boost::asio::any_completion_handler<void(boost::system::error_code, std::string)>;

  void add_now(std::string_view name, std::string_view data, const job_options& options, added handler);
  void add_deduplicated(std::string_view name, std::string_view data, const job_options& options, added handler);
  void send_adds();
  boost::system::error_code begin();
  awaitable<reply> run(script which, link::words keys, link::words arguments);
  awaitable<reply> command(link::words words);
  awaitable<std::int64_t> number_of(boost::asio::awaitable<result<reply>> call);
  std::string_view list_of(job_state state) const noexcept;  // empty: none

  queue_options options_;
  queue_keys keys_;
  std::shared_ptr<link> link_;
  std::shared_ptr<add_group> adds_;  // those of this turn
  bool are_adds_posted_ = false;
  std::size_t adds_under_way_ = 0;
  std::shared_ptr<finish_watch> watch_;
};

}  // namespace reprise::jobs

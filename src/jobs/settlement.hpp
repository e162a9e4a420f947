// What is written when a job's handler has ended: which script, on which keys, with which arguments. Built without I/O,
// and kept as long as it may have to be sent again.
#pragma once

#include "reprise/jobs/job.hpp"
#include "reprise/jobs/worker.hpp"
#include "src/jobs/keys.hpp"
#include "src/jobs/script_sources.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::jobs {

class settlement {
 public:
  enum class kind { completed, failed, retried, delayed, given_back };

  struct context {
    const queue_keys& keys;
    const worker_options& options;
    const job& what;
    const std::string& token;  // of the job's lock
    std::string next_token;    // of the next job's; empty: none is to be taken
    std::int64_t now;          // ms since 1970
    double random;             // in [0,1)
  };

  // What to write for an outcome; a failed attempt becomes a retry where the job's options have one left.
  static settlement of(const context& about, const outcome& what);

  kind what() const noexcept { return what_; }
  script which() const noexcept { return which_; }
  const std::vector<std::string_view>& keys() const noexcept { return keys_; }
  const std::vector<std::string_view>& arguments() const noexcept { return arguments_; }
  bool takes_next() const noexcept { return takes_next_; }

 private:
  settlement(kind what, script which) : what_(what), which_(which) {}

  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
  void put(std::string text) { arguments_.push_back(keep(std::move(text))); }
  void put_more(std::string_view name, std::string text) {
    arguments_.push_back(name);
    put(std::move(text));
  }
  void put_worker(const context& about);
  void put_family(const context& about);
  static settlement finish(const context& about, kind what, std::string text, const retention& keep,
                           const outcome* failure);
  static settlement delay(const context& about, milliseconds pause, const outcome* failure);
  static settlement retry_now(const context& about, const outcome& failure);
  static settlement give_back(const context& about, milliseconds pause);

  kind what_;
  script which_;
  bool takes_next_ = false;
  std::deque<std::string> texts_;  // what the views below look at
  std::vector<std::string_view> keys_, arguments_;
};

// The stack traces with that of this failure, as JSON, as many as the options allow.
std::string stack_traces(const job& what, const outcome& failure);

}  // namespace reprise::jobs

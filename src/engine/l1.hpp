// L1: what this process keeps itself of what is in the backend, and when it may be used (docs/architecture.md, "L1").
//
// An entry here is as good as one there: it counts only under its scope's present generation. `validated` policies ask the
// backend for that each time. `tracked` ones keep it too, for as long as the server tells of changes: until the session
// ends, or a connection has not answered for two periods (a half-open one tells of nothing).
//
// Thread-safe.
#pragma once

#include "reprise/environment.hpp"
#include "reprise/policy.hpp"
#include "src/engine/local_entries.hpp"
#include "src/engine/local_generations.hpp"

#include <atomic>
#include <cstddef>

namespace reprise::engine {

class l1 {
 public:
  using time = environment::steady_time;

  // Of `largest_bytes` a quarter is for generations. 0: nothing is kept.
  l1(std::size_t largest_bytes, local_copies otherwise)
      : otherwise_(largest_bytes == 0 ? local_copies::off : otherwise), is_on_(largest_bytes > 0),
        entries(largest_bytes - largest_bytes / 4), generations(largest_bytes / 4 / generation_bytes) {}

  local_copies mode_of(const cache_policy& policy) const noexcept {
    if (!is_on_) return local_copies::off;
    return policy.local.value_or(policy.audience == audience::per_user ? local_copies::off : otherwise_);
  }
  // The connections have answered what was sent at `sent`: news of changes comes through until then at least.
  void heard_until(time until) noexcept { heard_until_.store(until, std::memory_order_relaxed); }
  bool is_heard(time now) const noexcept { return now < heard_until_.load(std::memory_order_relaxed); }
  // What was read on a session that is over is nothing to the next.
  void empty() {
    heard_until(time());
    generations.clear();
    entries.clear();
  }

 private:
  static constexpr std::size_t generation_bytes = 384;  // key, token and overhead, about

  const local_copies otherwise_;
  const bool is_on_;
  std::atomic<time> heard_until_{};

 public:
  local_entries entries;
  local_generations generations;
};

}  // namespace reprise::engine

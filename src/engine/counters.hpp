// What the engine counts: relaxed atomics, so that counting costs a hit no lock. Read by response_cache::snapshot().
#pragma once

#include "reprise/statistics.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace reprise::engine {

struct prefix_counters {
  using counter = std::atomic<std::uint64_t>;
  counter hits{0}, local_hits{0}, misses{0}, bypasses{0}, collapsed{0};
  counter fills_stored{0}, fills_rejected{0}, fills_too_large{0}, fills_failed{0};
  counter scopes_full{0}, undecodable{0}, stale{0}, refreshes{0}, invalidations{0}, invalidated_keys{0};
};

class counters {
 public:
  // Prefixes come from policies, never from requests: there are few, and they stay.
  prefix_counters& of(std::string_view prefix);
  void count_call(std::chrono::steady_clock::duration took, bool answered) noexcept;
  // How long a write waited for other nodes; `told` is false where that could not be learned.
  void count_wait(std::chrono::steady_clock::duration took, bool told) noexcept;
  void count_replays(std::size_t rows) noexcept { replays_.fetch_add(rows, std::memory_order_relaxed); }
  // Everything but what the engine alone knows: backend_up, trusted, lease, writes_waiting, origin_reads.
  statistics snapshot() const;

 private:
  // A list that only grows, at its head: who walks it takes no lock.
  struct known_prefix {
    const std::string name;
    prefix_counters counts{};
    const std::unique_ptr<known_prefix> next;
  };
  known_prefix* find(std::string_view prefix) const noexcept;

  std::mutex growing_;
  std::unique_ptr<known_prefix> owned_;
  std::atomic<known_prefix*> prefixes_{nullptr};
  std::array<std::atomic<std::uint64_t>, statistics::backend_bounds.size() + 1> calls_{};
  std::array<std::atomic<std::uint64_t>, statistics::wait_bounds.size() + 1> waits_{};
  std::atomic<std::uint64_t> call_nanoseconds_{0}, wait_nanoseconds_{0}, failures_{0}, replays_{0}, not_acknowledged_{0};
};

}  // namespace reprise::engine

#include "src/engine/counters.hpp"

#include <algorithm>
#include <mutex>

namespace reprise::engine {

prefix_counters& counters::of(std::string_view prefix) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto at = prefixes_.find(prefix); at != prefixes_.end()) return *at->second;
  }
  const std::unique_lock lock(mutex_);
  auto& place = prefixes_[std::string(prefix)];
  if (!place) place = std::make_unique<prefix_counters>();
  return *place;
}

void counters::count_call(std::chrono::steady_clock::duration took, bool answered) noexcept {
  const auto seconds = std::chrono::duration<double>(took).count();
  const auto bucket = std::lower_bound(statistics::backend_bounds.begin(), statistics::backend_bounds.end(), seconds) -
                      statistics::backend_bounds.begin();
  calls_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  call_nanoseconds_.fetch_add(static_cast<std::uint64_t>(std::chrono::nanoseconds(took).count()), std::memory_order_relaxed);
  if (!answered) failures_.fetch_add(1, std::memory_order_relaxed);
}

statistics counters::snapshot() const {
  statistics all;
  const std::shared_lock lock(mutex_);
  for (const auto& [prefix, from] : prefixes_) {
    auto& to = all.prefixes[prefix];
    to.hits = from->hits;
    to.misses = from->misses;
    to.bypasses = from->bypasses;
    to.collapsed = from->collapsed;
    to.fills_stored = from->fills_stored;
    to.fills_rejected = from->fills_rejected;
    to.fills_too_large = from->fills_too_large;
    to.fills_failed = from->fills_failed;
    to.scopes_full = from->scopes_full;
    to.undecodable = from->undecodable;
    to.invalidations = from->invalidations;
    to.invalidated_keys = from->invalidated_keys;
  }
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < calls_.size(); ++i) all.backend_calls[i] = sum += calls_[i];  // cumulative
  all.backend_seconds = static_cast<double>(call_nanoseconds_) / 1e9;
  all.backend_failures = failures_;
  all.replays = replays_;
  return all;
}

}  // namespace reprise::engine

#include "src/engine/counters.hpp"

#include <algorithm>
#include <utility>

namespace reprise::engine {

auto counters::find(std::string_view prefix) const noexcept -> known_prefix* {
  auto* at = prefixes_.load(std::memory_order_acquire);
  while (at != nullptr && at->name != prefix) at = at->next.get();
  return at;
}

prefix_counters& counters::of(std::string_view prefix) {
  if (auto* known = find(prefix)) return known->counts;
  const std::lock_guard lock(growing_);
  if (auto* known = find(prefix)) return known->counts;
  owned_ = std::unique_ptr<known_prefix>(new known_prefix{std::string(prefix), {}, std::move(owned_)});
  prefixes_.store(owned_.get(), std::memory_order_release);
  return owned_->counts;
}

namespace {

template <std::size_t Bounds>
void count_in(std::array<std::atomic<std::uint64_t>, Bounds + 1>& buckets, const std::array<double, Bounds>& bounds,
              std::atomic<std::uint64_t>& sum, std::chrono::steady_clock::duration took) noexcept {
  const auto seconds = std::chrono::duration<double>(took).count();
  const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), seconds) - bounds.begin();
  buckets[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum.fetch_add(static_cast<std::uint64_t>(std::chrono::nanoseconds(took).count()), std::memory_order_relaxed);
}

template <std::size_t Size>
void accumulate(const std::array<std::atomic<std::uint64_t>, Size>& from, std::array<std::uint64_t, Size>& to) noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < Size; ++i) to[i] = sum += from[i];
}

}  // namespace

void counters::count_call(std::chrono::steady_clock::duration took, bool answered) noexcept {
  count_in<statistics::backend_bounds.size()>(calls_, statistics::backend_bounds, call_nanoseconds_, took);
  if (!answered) failures_.fetch_add(1, std::memory_order_relaxed);
}

void counters::count_wait(std::chrono::steady_clock::duration took, bool told) noexcept {
  count_in<statistics::wait_bounds.size()>(waits_, statistics::wait_bounds, wait_nanoseconds_, took);
  if (!told) not_acknowledged_.fetch_add(1, std::memory_order_relaxed);
}

statistics counters::snapshot() const {
  statistics all;
  for (const auto* at = prefixes_.load(std::memory_order_acquire); at != nullptr; at = at->next.get()) {
    const auto* from = &at->counts;
    auto& to = all.prefixes[at->name];
    to.local_hits = from->local_hits;
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
    to.stale = from->stale;
    to.refreshes = from->refreshes;
    to.invalidations = from->invalidations;
    to.invalidated_keys = from->invalidated_keys;
  }
  accumulate(calls_, all.backend_calls);
  all.backend_seconds = static_cast<double>(call_nanoseconds_) / 1e9;
  accumulate(waits_, all.write_waits);
  all.write_wait_seconds = static_cast<double>(wait_nanoseconds_) / 1e9;
  all.writes_not_acknowledged = not_acknowledged_;
  all.backend_failures = failures_;
  all.replays = replays_;
  return all;
}

}  // namespace reprise::engine

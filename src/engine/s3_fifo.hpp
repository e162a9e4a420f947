// A bounded map from text to shared values that keeps what is asked for again, and lets a scan pass: S3-FIFO (Yang, Zhang,
// Qiu, Yue and Rashmi, "FIFO queues are all you need for cache eviction", SOSP 2023).
//
//   put ──► small (a tenth) ── used meanwhile ──► main ── not used since it was last looked at ──► gone
//              │                                   ▲
//              └── not used: gone, but its hash is remembered for a while; comes it back then, it goes to main
//
// Thread-safe, and made for far more finds than changes. A find takes the shared side of two locks that are spread over many
// cache lines (Boost's concurrent map: one for each thread, one for each 15 keys), and counts the use only up to `most_uses`:
// what is hot is not written to at all, but for its reference count. Changes take turns under one mutex; what they
// remove is destroyed after it. docs/benchmarks.md, "Eviction in L1", has what was measured and what else was tried.
#pragma once

#include "src/engine/keyed_hash.hpp"

#include <boost/intrusive/list.hpp>
#include <boost/unordered/concurrent_node_map.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reprise::engine {

template <class Value>
class s3_fifo {
 public:
  using pointer = std::shared_ptr<const Value>;

  // Bounds the sum of what put() is told that things cost. 0: holds nothing.
  explicit s3_fifo(std::size_t largest_cost) : largest_cost_(largest_cost) {}
  s3_fifo(const s3_fifo&) = delete;

  // Null where it is not held. Does not allocate.
  pointer find(std::string_view key) const {
    pointer found;
    if (largest_cost_ == 0) return found;
    map_.cvisit(key, [&](const auto& at) {
      found = at.second.value;
      at.second.count_use();
    });
    return found;
  }
  // What was under this key goes in any case. False where the new one costs more than a tenth of the bound, and is not held.
  // REQUIRES: a value; cost > 0.
  bool put(std::string_view key, pointer value, std::size_t cost);
  // Whether it was held.
  bool erase(std::string_view key);
  // Also forgets what came and went.
  void clear();

  // Each is what it was after the last change: cost() never exceeds the bound.
  std::size_t cost() const noexcept { return shown_cost_.load(std::memory_order_relaxed); }
  std::size_t size() const noexcept { return shown_size_.load(std::memory_order_relaxed); }
  // What had to go for something else, since the start.
  std::uint64_t evictions() const noexcept { return evictions_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::uint8_t most_uses = 3;
  static constexpr std::uint8_t uses_for_main = 2;  // one more than a scan that asks twice makes

  struct slot : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>> {
    slot(pointer held, std::size_t costs) : value(std::move(held)), cost(costs) {}
    void count_use() const noexcept {
      const auto now = uses.load(std::memory_order_relaxed);
      if (now < most_uses) uses.store(static_cast<std::uint8_t>(now + 1), std::memory_order_relaxed);
    }
    pointer value;
    const std::string* key = nullptr;  // the map's
    std::size_t cost;
    bool is_main = false;
    mutable std::atomic<std::uint8_t> uses{0};
  };
  using queue = boost::intrusive::list<slot>;
  using map = boost::concurrent_node_map<std::string, slot, keyed_hash, std::equal_to<>>;
  using removed = std::vector<pointer>;  // declared before the lock, so that it goes after it

  // All below: REQUIRES the mutex.
  queue& queue_of(const slot& which) noexcept { return which.is_main ? main_ : small_; }
  void make_room(std::size_t needed, removed& gone);
  void evict_small(removed& gone);
  void evict_main(removed& gone);
  void remove(slot& which, removed& gone);
  void remember(std::uint64_t hash);
  bool was_here(std::uint64_t hash);
  void show() noexcept;

  const std::size_t largest_cost_;
  map map_;
  std::mutex mutex_;
  queue small_, main_;  // newest first
  std::size_t small_cost_ = 0, cost_ = 0;
  // Hashes of what left `small` unused, oldest first, each with its turn; at most as many as there are values.
  std::deque<std::pair<std::uint64_t, std::uint64_t>> past_;
  boost::unordered_flat_map<std::uint64_t, std::uint64_t> past_turns_;
  std::uint64_t turn_ = 0;
  std::atomic<std::size_t> shown_cost_{0}, shown_size_{0};
  std::atomic<std::uint64_t> evictions_{0};
};

template <class Value>
bool s3_fifo<Value>::put(std::string_view key, pointer value, std::size_t cost) {
  if (cost > largest_cost_ / 10) {
    erase(key);
    return false;
  }
  removed gone;
  const std::lock_guard lock(mutex_);
  slot* held = nullptr;
  map_.visit(key, [&](auto& at) {
    held = &at.second;
    gone.push_back(std::exchange(held->value, std::move(value)));
  });
  if (held != nullptr) {  // keeps its place
    cost_ += cost - held->cost;
    if (!held->is_main) small_cost_ += cost - held->cost;
    held->cost = cost;
    make_room(0, gone);
  } else {
    make_room(cost, gone);
    const bool returns = was_here(map_.hash_function()(key));
    map_.try_emplace_and_visit(
        key, std::move(value), cost,
        [&](auto& at) {
          held = &at.second;
          held->key = &at.first;
          held->is_main = returns;
        },
        [](const auto&) {});
    queue_of(*held).push_front(*held);
    cost_ += cost;
    if (!returns) small_cost_ += cost;
  }
  show();
  return true;
}

template <class Value>
bool s3_fifo<Value>::erase(std::string_view key) {
  removed gone;
  const std::lock_guard lock(mutex_);
  slot* held = nullptr;
  map_.visit(key, [&](auto& at) { held = &at.second; });
  if (held == nullptr) return false;
  remove(*held, gone);
  show();
  return true;
}

template <class Value>
void s3_fifo<Value>::clear() {
  map old(0, map_.hash_function());  // destroyed after the lock, as readers wait while the map is
  const std::lock_guard lock(mutex_);
  small_.clear();
  main_.clear();
  past_.clear();
  past_turns_.clear();
  small_cost_ = cost_ = 0;
  map_.swap(old);
  show();
}

template <class Value>
void s3_fifo<Value>::make_room(std::size_t needed, removed& gone) {
  while (cost_ + needed > largest_cost_)
    if (small_cost_ > largest_cost_ / 10 || main_.empty())
      evict_small(gone);
    else
      evict_main(gone);
}

template <class Value>
void s3_fifo<Value>::evict_small(removed& gone) {
  auto& oldest = small_.back();
  if (oldest.uses.load(std::memory_order_relaxed) >= uses_for_main) {
    small_.pop_back();
    small_cost_ -= oldest.cost;
    oldest.uses.store(0, std::memory_order_relaxed);
    oldest.is_main = true;
    main_.push_front(oldest);
    return;
  }
  remember(map_.hash_function()(*oldest.key));
  remove(oldest, gone);
  evictions_.fetch_add(1, std::memory_order_relaxed);
}

template <class Value>
void s3_fifo<Value>::evict_main(removed& gone) {
  auto& oldest = main_.back();
  if (const auto uses = oldest.uses.load(std::memory_order_relaxed); uses > 0) {
    oldest.uses.store(static_cast<std::uint8_t>(uses - 1), std::memory_order_relaxed);
    main_.splice(main_.begin(), main_, main_.iterator_to(oldest));
    return;
  }
  remove(oldest, gone);
  evictions_.fetch_add(1, std::memory_order_relaxed);
}

template <class Value>
void s3_fifo<Value>::remove(slot& which, removed& gone) {
  auto& from = queue_of(which);
  from.erase(from.iterator_to(which));
  cost_ -= which.cost;
  if (!which.is_main) small_cost_ -= which.cost;
  map_.erase_if(*which.key, [&](auto& at) {
    gone.push_back(std::move(at.second.value));
    return true;
  });
}

template <class Value>
void s3_fifo<Value>::remember(std::uint64_t hash) {
  past_.emplace_back(hash, ++turn_);
  past_turns_[hash] = turn_;
  while (past_.size() > map_.size()) {
    const auto [old, turn] = past_.front();
    past_.pop_front();
    // Where it was remembered again since, that counts.
    if (const auto at = past_turns_.find(old); at != past_turns_.end() && at->second == turn) past_turns_.erase(at);
  }
}

template <class Value>
bool s3_fifo<Value>::was_here(std::uint64_t hash) {
  return past_turns_.erase(hash) > 0;
}

template <class Value>
void s3_fifo<Value>::show() noexcept {
  shown_cost_.store(cost_, std::memory_order_relaxed);
  shown_size_.store(map_.size(), std::memory_order_relaxed);
}

}  // namespace reprise::engine

// Rows whose invalidation this session has executed, and that the log does not know of yet. They are recorded apart from
// the relay's passes: a store that is slow to write must not end a lease.
//
// Thread-safe.
#pragma once

#include "reprise/invalidation_log.hpp"

#include <cstdint>
#include <mutex>
#include <set>
#include <span>
#include <vector>

namespace reprise::engine {

class acknowledgements {
 public:
  using row_number = invalidation_log::row_number;

  // A new session: what the last one executed, and nobody recorded, is repeated by the next.
  void begin(std::uint64_t session) {
    const std::lock_guard lock(mutex_);
    session_ = session;
    unrecorded_.clear();
  }
  // No effect where it is not that session any more.
  void add(std::uint64_t session, std::span<const row_number> rows) {
    const std::lock_guard lock(mutex_);
    if (session_ == session) unrecorded_.insert(rows.begin(), rows.end());
  }
  // Sorted.
  std::vector<row_number> unrecorded() const {
    const std::lock_guard lock(mutex_);
    return {unrecorded_.begin(), unrecorded_.end()};
  }
  // Sorted; none where it is not that session any more.
  std::vector<row_number> unrecorded_of(std::uint64_t session) const {
    const std::lock_guard lock(mutex_);
    if (session_ != session) return {};
    return {unrecorded_.begin(), unrecorded_.end()};
  }
  void recorded(std::uint64_t session, std::span<const row_number> rows) {
    const std::lock_guard lock(mutex_);
    if (session_ != session) return;
    for (const auto row : rows) unrecorded_.erase(row);
  }

 private:
  mutable std::mutex mutex_;
  std::uint64_t session_ = 0;
  std::set<row_number> unrecorded_;
};

}  // namespace reprise::engine

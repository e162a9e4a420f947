// L1: entries in this process, bounded in bytes. It knows nothing of what is valid: the engine compares an entry's generation
// with its scope's before each use (local_generations.hpp, or a round trip).
//
// Thread-safe; one object for all I/O threads. What find() gave stays readable for as long as it is held, also after it was
// replaced or evicted.
#pragma once

#include "src/core/entry_format.hpp"
#include "src/engine/s3_fifo.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace reprise::engine {

// One entry, decoded once. Never changed after it is made.
struct local_entry {
  std::shared_ptr<const std::string> bytes;  // as they are in Redis
  core::decoded_entry decoded;               // views into `bytes`
};

// Null where the bytes are no entry.
std::shared_ptr<const local_entry> make_local_entry(std::shared_ptr<const std::string> bytes);

class local_entries {
 public:
  // Of one entry: nodes, control blocks, the allocator's own (373 to 404 measured: docs/benchmarks.md).
  static constexpr std::size_t overhead_bytes = 416;

  // Keys, bytes and overhead of all entries together. 0: holds nothing.
  explicit local_entries(std::size_t largest_bytes) : entries_(largest_bytes) {}

  // Null where it is not held. Does not allocate.
  std::shared_ptr<const local_entry> find(std::string_view key) const { return entries_.find(key); }
  // Replaces what was under this key. False where it takes more than a tenth of the bound: then nothing is held under it.
  bool put(std::string_view key, std::shared_ptr<const local_entry> entry) {
    const auto cost = cost_of(key, *entry);
    return entries_.put(key, std::move(entry), cost);
  }
  bool erase(std::string_view key) { return entries_.erase(key); }
  void clear() { entries_.clear(); }

  std::size_t bytes() const noexcept { return entries_.cost(); }
  std::size_t size() const noexcept { return entries_.size(); }
  std::uint64_t evictions() const noexcept { return entries_.evictions(); }

  static std::size_t cost_of(std::string_view key, const local_entry& entry) noexcept {
    return key.size() + entry.bytes->capacity() + overhead_bytes;
  }

 private:
  s3_fifo<local_entry> entries_;
};

}  // namespace reprise::engine

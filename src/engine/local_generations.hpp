// Generations that this process holds under tracking: Redis tells it when one of them is removed or changed.
//
// The reply of a read and the push about a later change can be handled out of order; stored late, the reply would stay for
// ever. So whoever reads takes a ticket before the read is sent, and what it read is stored only if nothing was erased
// from the same bucket of keys since. A key that is not held raises its bucket's sequence too: just then a read of it may be
// on its way.
//
//   const auto ticket = generations.begin(key);   // then ask Redis
//   generations.put(key, token, ticket);          // in the reply's handler
//   generations.erase(key);                       // in the push's handler; after each own invalidation, before its reply
//   generations.clear();                          // whenever pushes may have been lost
//
// Thread-safe. A find takes no lock that excludes other finds; changes take turns.
#pragma once

#include "src/engine/keyed_hash.hpp"
#include "src/engine/s3_fifo.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace reprise::engine {

class local_generations {
 public:
  // Enough that erasing here seldom refuses what is read elsewhere; a refusal costs that request's successor a round trip.
  static constexpr std::size_t buckets = 1024;
  struct ticket {
    std::uint64_t sequence = 0;
  };

  // 0: holds none. REQUIRES otherwise: at least 10, since nothing may take more than a tenth (s3_fifo.hpp).
  explicit local_generations(std::size_t most) : tokens_(most) {}

  // REQUIRES: the read is sent after this returned.
  ticket begin(std::string_view key) const noexcept { return {sequence_of(key)}; }
  // Stores the token that was read under this ticket. False where it may be outdated already, and is not stored.
  bool put(std::string_view key, std::string_view token, ticket read_under);
  // When it returns, no find gives what was there before, and no put of an earlier ticket will bring it back.
  void erase(std::string_view key);
  void clear();

  // Null where it is not held. Does not allocate.
  std::shared_ptr<const std::string> find(std::string_view key) const { return tokens_.find(key); }
  std::size_t size() const noexcept { return tokens_.size(); }
  std::uint64_t evictions() const noexcept { return tokens_.evictions(); }

 private:
  std::size_t bucket_of(std::string_view key) const noexcept { return hash_(key) % buckets; }
  // Neither ever falls, so their sum is what it was only where both are.
  std::uint64_t sequence_of(std::string_view key) const noexcept { return sequences_[bucket_of(key)].load() + clears_.load(); }

  const keyed_hash hash_;
  std::mutex changes_;  // a sequence and what it guards change together
  std::array<std::atomic<std::uint64_t>, buckets> sequences_{};
  std::atomic<std::uint64_t> clears_{0};
  s3_fifo<std::string> tokens_;
};

}  // namespace reprise::engine

// When this process may use the cache. One session of the backend at a time goes through three states:
//
//   none ── begin() ──► claiming ── establish() ──► trusted ── end() ──► none
//
// While claiming, the outbox is being replayed: entries are not used yet, but a write that commits now already
// invalidates on this session, since the replay may have read the outbox before that commit. A write that saw `none` had
// committed before begin(), so the replay reads its row.
// (Leases, which extend this to other processes, belong here too: docs/decisions.md, "What waits for the leases".)
//
// Thread-safe. Reading costs one atomic load.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace reprise::engine {

// What makes generations of one trust: they begin with the stamp of their prefix.
class stamps {
 public:
  // deployment id, identity, nonce, and the epochs of the prefixes that have one.
  stamps(std::string_view deployment, std::string_view identity, std::string_view nonce,
         const std::map<std::string, std::int64_t>& epochs);
  // 32 hex digits, the prefix's epoch, each followed by a dot.
  const std::string& of(std::string_view prefix) const;
  friend bool operator==(const stamps&, const stamps&) = default;

 private:
  std::string plain_;
  std::map<std::string, std::string, std::less<>> bumped_;
};

class trust {
 public:
  using ticket = std::shared_ptr<const stamps>;

  // A new session begins to claim. Returns its number, never 0.
  std::uint64_t begin();
  // From here on the cache is used; also replaces the stamps while trusted. False where the session has ended meanwhile.
  bool establish(std::uint64_t session, ticket stamps);
  // Ends the session where it is still that one. True for the call that ended it.
  bool end(std::uint64_t session);

  // Null unless trusted. A reply counts only where holds(ticket) is still true after it came.
  ticket current() const { return stamps_.load(); }
  bool holds(const ticket& held) const { return stamps_.load() == held; }
  // 0 for none; the session's number while claiming or trusted.
  std::uint64_t session() const noexcept { return session_.load(); }

 private:
  std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::atomic<std::uint64_t> session_{0};
  std::atomic<ticket> stamps_;
};

}  // namespace reprise::engine

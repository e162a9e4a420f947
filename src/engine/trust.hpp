// When this process may use the cache. One session of the backend at a time goes through three states:
//
//   none ── begin() ──► claiming ── establish() ──► trusted ── end(), or its lease is over ──► none
//
// While claiming, the outbox is being replayed: entries are not used yet, but a write that commits now already
// invalidates on this session, since the replay may have read the outbox before that commit. A write that saw `none` had
// committed before begin(), so the replay reads its row.
//
// Trusted is a state with an end: the lease's, by this process's own clock. Other processes' writes wait until this one has
// acknowledged them, or its lease is over; so nothing here may be used a moment longer (docs/consistency.md, "Leases").
//
// Thread-safe. Reading costs a few atomic loads.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace reprise::engine {

// What makes generations of one trust: they begin with the stamp of their prefix.
class stamps {
 public:
  // deployment id, identity (with the table), nonce, the epoch of everything that the table made, and the epochs of the
  // prefixes that have one.
  stamps(std::string_view deployment, std::string_view identity, std::string_view nonce, std::int64_t of_everything,
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
  using time = std::chrono::steady_clock::time_point;  // environment::now()

  // Under which trust something began. Stamps live as long as the trust object.
  struct ticket {
    const stamps* made = nullptr;
    std::uint64_t session = 0;
    explicit operator bool() const noexcept { return made != nullptr; }
    const stamps* operator->() const noexcept { return made; }
  };
  // A session, and which data it is connected to. session 0: none.
  struct connected {
    std::uint64_t session = 0;
    std::string identity;
  };

  // A new session begins to claim. Returns its number, never 0.
  std::uint64_t begin(std::string identity);
  // From here on the cache is used, until the lease is over; also replaces the stamps while trusted. Equal stamps change
  // nothing. False where the session has ended meanwhile.
  bool establish(std::uint64_t session, stamps fresh);
  // The lease is good until then: monotonic. No effect where the session is over.
  void extend(std::uint64_t session, time until);
  // Ends the session where it is still that one. True for the call that ended it.
  bool end(std::uint64_t session);

  // Empty unless trusted now. A reply counts only where holds(ticket) is still true after it came.
  ticket current(time now) const noexcept {
    const auto before = session_.load();
    const auto* made = stamps_.load();
    const bool usable = made != nullptr && session_.load() == before && is_leased(now);
    return usable ? ticket{made, before} : ticket{};
  }
  bool holds(const ticket& held) const noexcept {
    return session_.load() == held.session && stamps_.load() == held.made;
  }
  // As holds(), and the lease is not over either: for what changes the cache.
  bool holds(const ticket& held, time now) const noexcept { return holds(held) && is_leased(now); }
  // 0 for none; the session's number while claiming or trusted.
  std::uint64_t session() const noexcept { return session_.load(); }
  connected now_connected() const;
  // When the lease is over.
  time until() const noexcept { return time(time::duration(until_.load())); }

 private:
  bool is_leased(time now) const noexcept { return now.time_since_epoch().count() < until_.load(); }

  mutable std::mutex mutex_;  // for changes; reading takes no lock
  std::uint64_t last_ = 0;
  std::string identity_;
  std::atomic<std::uint64_t> session_{0};
  std::atomic<time::rep> until_{0};
  std::atomic<const stamps*> stamps_{nullptr};
  // Every stamps ever used: one for each change of identity and each purge, so there are few.
  std::list<stamps> made_;
};

}  // namespace reprise::engine

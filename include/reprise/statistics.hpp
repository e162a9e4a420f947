// What the cache did, counted since the process began. A snapshot: plain numbers, for /metrics and people.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace reprise {

struct statistics {
  struct by_prefix {  // what is counted for each prefix
    std::uint64_t hits = 0, misses = 0, bypasses = 0, collapsed = 0;  // requests; a collapsed one is counted here alone
    std::uint64_t local_hits = 0;       // among the hits: from this process's own copies
    std::uint64_t fills_stored = 0, fills_rejected = 0, fills_too_large = 0, fills_failed = 0;  // what became of fills
    std::uint64_t scopes_full = 0;      // among the rejected: the scope held its 256 entries
    std::uint64_t undecodable = 0;      // entries that could not be read: misses
    std::uint64_t stale = 0;            // among the hits: served after their time, as the policy allows
    std::uint64_t refreshes = 0;        // reads behind a reply
    std::uint64_t invalidations = 0;    // scopes
    std::uint64_t invalidated_keys = 0; // entries tidied away
  };
  std::map<std::string, by_prefix> prefixes;  // by their names

  // Round trips to the backend, in seconds: counts of those at most as long as each bound, then all; and their sum.
  static constexpr std::array<double, 10> backend_bounds{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1};
  std::array<std::uint64_t, 11> backend_calls{};
  double backend_seconds = 0;
  std::uint64_t backend_failures = 0;

  // Waits of writes for other nodes, in seconds, in the same form.
  static constexpr std::array<double, 10> wait_bounds{.001, .0025, .005, .01, .05, .25, .5, 1, 2.5, 5};
  std::array<std::uint64_t, 11> write_waits{};
  double write_wait_seconds = 0;
  std::uint64_t writes_waiting = 0;         // now
  std::uint64_t writes_not_acknowledged = 0;

  std::uint64_t replays = 0;      // rows whose invalidation was repeated by the relay
  bool backend_up = false;        // a session is open
  bool trusted = false;           // the cache is in use
  std::chrono::duration<double> lease{0};  // how much longer, unless it is renewed
  std::uint64_t origin_reads = 0; // in flight now
  // What this process keeps itself of the cache.
  std::uint64_t local_entries = 0, local_bytes = 0, local_evictions = 0;
};

}  // namespace reprise

// One schedule: some nodes with the engine that ships, a store, Redis servers, clients and faults, all drawn from a seed;
// and the checker, which holds each read against the writes that were acknowledged before it began.
#pragma once

#include "reprise/response_cache.hpp"
#include "tests/simulation/simulated_redis.hpp"
#include "tests/simulation/simulated_store.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::simulation {

// The rules under which a schedule runs: all of them, unless a variant takes one away.
struct rule_set {
  struct options::weakened engine{};
  backend_rules redis;
  store_rules store;
  bool repetitions_wait = true;       // an idempotent repetition is an acknowledgement
  bool commit_before_invalidate = true;
  bool always_two_tables = false;     // in every schedule, rather than in a quarter of them
  bool nodes_have_fresh_names = true; // a process that takes over from another one has its own lease
  // Where a variant shows only on a certain store or topology, or under certain faults: chance is aimed at what it weakens.
  std::optional<store_kind> kind;
  std::optional<local_copies> local;
  std::optional<bool> is_cluster;
  std::uint32_t aimed_at = 0;  // bits of `fault`
};

enum class fault : unsigned {
  stall,          // Redis does not answer for a while
  restart,        // Redis dies and comes back with an old snapshot
  split,          // failover to a lagging replica, and the old master lives on
  takeover,       // a master follows a lagging replica, takes its data, and is a master again: on the same connections
  failback,       // failover to a lagging replica, back to the old process with the replica's data
  evict,          // a key goes
  flush,          // all keys go
  full,           // Redis refuses to store
  cut_redis,      // a node loses its connections
  cut_store,      // a node cannot reach the store for about a lease
  pause,          // a node stops for about a lease
  kill,           // a node dies; another one starts
  brown_out,      // the store is slow for everybody
  deposed,        // a former primary of the store answers reads
  move,           // a slot goes to another master; in a cluster alone, and there always
  count,
};
std::string_view name_of(fault what) noexcept;
constexpr std::uint32_t bit(fault what) noexcept { return 1u << static_cast<unsigned>(what); }

struct report {
  std::uint64_t reads = 0, hits = 0, writes = 0, acknowledged = 0, stale = 0, faults = 0;
  std::string first_stale;         // in words
  std::vector<std::string> story;  // of a run that was asked for it
  void add(const report& other);
};

struct wanted_schedule {
  std::uint64_t seed = 0;
  std::uint32_t without_faults = 0;  // bits of `fault`: for making a failing schedule smaller
  milliseconds length{700};
  bool tell_story = false;
};

report run_schedule(const wanted_schedule& wanted, const rule_set& rules);

}  // namespace reprise::simulation

#include "server/ops/doctor_judgements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace bookings::ops {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::uint64_t mebibyte = 1024 * 1024;

std::string_view text_in(const info_fields& info, std::string_view name) {
  const auto found = info.find(name);
  return found == info.end() ? std::string_view() : std::string_view(found->second);
}

std::string in_mebibytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / mebibyte);
}

std::string in_milliseconds(microseconds time) {
  return fmt::format("{:.2f} ms", static_cast<double>(time.count()) / 1000);
}

template <class Texts>
std::string listed(const Texts& all) {
  std::string text;
  for (const auto& each : all) text += (text.empty() ? "" : ", ") + std::string(each);
  return text;
}

bool evicts(std::string_view policy) { return policy != "noeviction"; }

// What keeps what is asked for often. The others drop entries as well, only not the right ones.
bool suits_a_cache(std::string_view policy) { return policy.ends_with("-lru") || policy.ends_with("-lfu"); }

constexpr const char* separate =
    "give the job queue a server of its own (QUEUE_REDIS_URL) with maxmemory-policy noeviction";
constexpr const char* set_lru = "set a maxmemory, and maxmemory-policy allkeys-lru or allkeys-lfu";

}  // namespace

info_fields read_info(std::string_view text) {
  info_fields fields;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    auto line = text.substr(at, end - at);
    at = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (const auto colon = line.find(':'); colon != line.npos && colon > 0 && line[0] != '#')
      fields.emplace(line.substr(0, colon), line.substr(colon + 1));
  }
  return fields;
}

std::optional<std::int64_t> number_in(const info_fields& info, std::string_view name) {
  const auto text = text_in(info, name);
  std::int64_t value = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (wrong != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

finding judge_certificate(std::optional<std::chrono::system_clock::time_point> ends,
                          std::chrono::system_clock::time_point now) {
  if (!ends) return good("chain, time and name of the certificate are verified");
  const auto seen = "chain, time and name of the certificate are verified; it is valid until " +
                    format_time(std::chrono::time_point_cast<milliseconds>(*ends)).substr(0, 10);
  constexpr std::chrono::hours soon{14 * 24};
  if (*ends - now < soon) return warning(seen, "renew it: servers read it again only when they are told to");
  return good(seen);
}

finding judge_version(const info_fields& info) {
  const auto version = text_in(info, "redis_version"), valkey = text_in(info, "valkey_version");
  if (version.empty())
    return warning("the server does not tell its version", "Redis 6.2 or newer, or Valkey, is needed");
  std::pair<int, int> number{0, 0};
  const auto* const end = version.data() + version.size();
  const auto [dot, wrong] = std::from_chars(version.data(), end, number.first);
  if (wrong == std::errc() && dot != end) std::from_chars(dot + 1, end, number.second);
  const auto seen = valkey.empty()
                        ? "Redis " + std::string(version)
                        : "Valkey " + std::string(valkey) + ", compatible with Redis " + std::string(version);
  if (number < std::pair{6, 2}) return bad(seen, "use Redis 6.2 or newer, or Valkey");
  return good(seen);
}

finding judge_mode(const info_fields& info, expected_mode wanted) {
  const auto mode =
      text_in(info, info.contains("redis_mode") ? "redis_mode" : "server_mode");  // Valkey 8 has the latter
  const auto is = mode == "sentinel"  ? expected_mode::sentinel
                  : mode == "cluster" ? expected_mode::cluster
                                      : expected_mode::server;
  const auto seen = mode.empty() ? std::string("not told, taken for one server") : std::string(mode);
  if (is == wanted) return good(seen);
  switch (is) {
    case expected_mode::sentinel:
      return bad("a sentinel, which holds no data", "name it in a URL redis+sentinel://, or name the master");
    case expected_mode::cluster:
      return bad("a node of a cluster", "name it in a URL redis+cluster://, or use one server");
    case expected_mode::server:
      break;
  }
  return bad("one server alone", "a URL redis:// or rediss:// is for one server");
}

finding judge_role(const info_fields& info) {
  const auto role = text_in(info, "role");
  if (role == "master") {
    const auto replicas = number_in(info, "connected_slaves").value_or(0);
    return good(fmt::format("a master with {} replica{}", replicas, replicas == 1 ? "" : "s"));
  }
  if (role == "slave") {
    auto master = std::string(text_in(info, "master_host"));
    if (!master.empty()) master += ":" + std::string(text_in(info, "master_port"));
    return bad(master.empty() ? "a replica" : "a replica of " + master, "name the master in the URL");
  }
  return bad("its role is not told",
             "INFO replication must be allowed: without it nothing that the server says may be trusted");
}

finding judge_identity(const info_fields& info) {
  const auto run = text_in(info, "run_id"), replication = text_in(info, "master_replid");
  if (!run.empty() && !replication.empty())
    return good(fmt::format("run {}…, replication {}…", run.substr(0, 8), replication.substr(0, 8)));
  return bad(
      fmt::format("INFO has no {}", run.empty() && replication.empty() ? "run_id and no master_replid"
                                    : run.empty()                      ? "run_id"
                                                                       : "master_replid"),
      "this service cannot be used for the cache: what a failover has lost could not be noticed (docs/managed/)");
}

finding judge_persistence(const info_fields& info) {
  if (text_in(info, "loading") == "1")
    return bad("the server is loading its data", "wait until it has; it refuses commands meanwhile");
  if (text_in(info, "aof_last_write_status") == "err")
    return bad("its last write to the append-only file failed", "look at the server's log and disk: it refuses writes");
  if (text_in(info, "rdb_last_bgsave_status") == "err")
    return bad("its last snapshot failed",
               "look at the server's log and disk: unless stop-writes-on-bgsave-error is off, it refuses writes");
  if (text_in(info, "rdb_last_bgsave_status").empty() && text_in(info, "aof_enabled").empty())
    return skipped("the server does not tell");
  const bool appends = text_in(info, "aof_enabled") == "1";
  return good(
      appends ? "append-only file on"
              : "append-only file off: after a restart the cache is cold, and jobs are added again when they are due");
}

finding judge_eviction(const info_fields& info, duties used_for) {
  const std::string policy(text_in(info, "maxmemory_policy"));
  const auto bound = number_in(info, "maxmemory"), used = number_in(info, "used_memory");
  if (policy.empty() || !bound) return skipped("the server does not tell maxmemory and its policy");
  const bool is_bounded = *bound > 0;
  auto seen =
      policy + (is_bounded ? ", at most " + in_mebibytes(static_cast<std::uint64_t>(*bound)) : ", no maxmemory");
  if (used) seen += ", " + in_mebibytes(static_cast<std::uint64_t>(*used)) + " used";
  if (used_for.caches && used_for.queues)
    return warning(seen + "; cache and job queue share this server",
                   std::string(evicts(policy) ? "jobs can be evicted with cached replies: "
                                              : "when it is full, no reply is stored: ") +
                       separate);
  if (used_for.queues) {
    if (!evicts(policy)) return good(seen);
    if (is_bounded) return bad(seen, "jobs can be evicted: set maxmemory-policy noeviction");
    return warning(seen, "jobs could be evicted once there is a maxmemory: set maxmemory-policy noeviction");
  }
  if (!is_bounded) return warning(seen, std::string("it grows until the machine has no memory left: ") + set_lru);
  if (!evicts(policy)) return warning(seen, std::string("when it is full, nothing more is stored: ") + set_lru);
  if (!suits_a_cache(policy))
    return warning(seen, std::string("what is asked for often is dropped like what is not: ") + set_lru);
  return good(seen);
}

finding judge_connections(const info_fields& info, int wanted) {
  const auto most = number_in(info, "maxclients"), open = number_in(info, "connected_clients");
  if (!most || !open) return skipped("the server does not tell its number of clients");
  const auto seen = fmt::format("{} of {} clients; this process wants {}", *open, *most, wanted);
  if (*most < wanted + 1) return bad(seen, "raise maxclients: this process alone wants more");
  // Where this process runs already, it is among those that are open.
  if (*most - *open < wanted) return warning(seen, "raise maxclients, or look who holds the others (CLIENT LIST)");
  return good(seen);
}

finding judge_rights(const lacking_rights& lacking) {
  if (lacking.commands.empty() && lacking.keys.empty()) {
    if (lacking.untold.empty()) return good("all commands and keys that are needed");
    return warning("not found out of " + listed(lacking.untold),
                   "look at the lines of ACL SETUSER in docs/operations.md");
  }
  std::string seen, rules;
  if (!lacking.commands.empty()) seen = "refused: " + listed(lacking.commands);
  for (const auto& each : lacking.commands) rules += " +" + each;
  if (!lacking.keys.empty()) seen += std::string(seen.empty() ? "" : "; ") + "keys refused: " + listed(lacking.keys);
  for (const auto& each : lacking.keys) rules += " ~" + each;
  return bad(seen, "ACL SETUSER <user>" + rules + " (docs/operations.md has the whole line)");
}

// A request waits for Redis for `deadline`; half of it for one round trip leaves none for a second one.
finding judge_latency(std::vector<microseconds> round_trips, milliseconds deadline) {
  if (round_trips.empty()) return skipped("PING was not answered");
  std::sort(round_trips.begin(), round_trips.end());
  const auto median = round_trips[round_trips.size() / 2], worst = round_trips.back();
  const auto seen = fmt::format("median {}, worst {} of {} PINGs; the deadline is {} ms", in_milliseconds(median),
                                in_milliseconds(worst), round_trips.size(), deadline.count());
  constexpr const char* nearer = "put the server nearer to this process, or raise REDIS_DEADLINE_MS";
  if (median > deadline) return bad(seen, std::string("nearly every request would bypass the cache: ") + nearer);
  if (median > deadline / 2) return warning(seen, nearer);
  if (worst > deadline)
    return warning(seen, "some requests bypass the cache: look for slow commands (SLOWLOG GET) and swapping");
  return good(seen);
}

// Nothing of the cache compares clocks; times of jobs are by ours, and rate limits by the server's.
finding judge_clock(milliseconds ahead, milliseconds uncertain) {
  const auto seen = fmt::format("{} ms {} ours, give or take {}", std::abs(ahead.count()),
                                ahead.count() < 0 ? "behind" : "ahead of", uncertain.count());
  constexpr milliseconds tolerated{2000};
  if (std::abs(ahead.count()) - uncertain.count() <= tolerated.count()) return good(seen);
  return warning(
      seen,
      "set both machines' clocks by NTP: delayed jobs are early or late by that much, and logs do not fit together");
}

finding judge_keys(const key_sample& sample, duties used_for) {
  auto seen = fmt::format("{} {} keys: {} of ours, {} of other programs", sample.is_whole ? "all" : "a sample of",
                          sample.looked_at, sample.ours, sample.foreign);
  if (!sample.a_foreign_one.empty()) seen += " (such as " + sample.a_foreign_one + ")";
  if (used_for.caches && sample.ours_without_ttl > 0)
    return warning(fmt::format("{}; {} of ours have no TTL", seen, sample.ours_without_ttl),
                   "all that the cache stores has one: another program writes under our names, or PERSIST was used");
  return good(seen);
}

finding judge_tracking(const tracking_seen& seen, reprise::local_copies mode) {
  if (seen.refusal)
    return bad("CLIENT TRACKING is refused: " + *seen.refusal,
               "allow client|tracking: without it a server that empties its data, or takes over another's, could not "
               "tell, and the cache stays "
               "bypassed");
  const bool is_wanted = mode == reprise::local_copies::tracked;
  if (seen.caching_refusal) {
    const auto text = "CLIENT TRACKING is on; CLIENT CACHING is refused: " + *seen.caching_refusal;
    if (is_wanted) return bad(text, "allow client|caching, or set CACHE_L1_MODE=validated");
    return good(text + ", which only CACHE_L1_MODE=tracked would need");
  }
  if (!seen.was_tried)
    return warning("CLIENT TRACKING is on; no key could be changed to try it", "see the check \"writing\"");
  if (!seen.has_heard)
    return bad("CLIENT TRACKING is on, and the change of a key was not told",
               "a proxy that does not pass pushes on cannot be used: connect to the server itself");
  return good("on, and the change of a key was told");
}

finding judge_neighbours(const info_fields& cache, const info_fields& queue) {
  const auto run = text_in(cache, "run_id");
  if (run.empty() || run != text_in(queue, "run_id")) return good("cache and job queue have servers of their own");
  return warning("REDIS_URL and QUEUE_REDIS_URL lead to the same server",
                 std::string("memory and its policy are the server's, not the database's: ") + separate);
}

}  // namespace bookings::ops

// What the doctor makes of what it has seen: no I/O, no clock, so that each can be tested by itself. The bounds and
// their reasons stand with the functions.
#pragma once

#include "reprise/policy.hpp"
#include "server/ops/doctor_finding.hpp"
#include "server/ops/doctor_rights.hpp"
#include "server/stores/store.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bookings::ops {

// "name:value" lines, as INFO has them. What is no such line is left out.
using info_fields = std::map<std::string, std::string, std::less<>>;
info_fields read_info(std::string_view text);
// Of a field that is not told, or is no number: absent.
std::optional<std::int64_t> number_in(const info_fields& info, std::string_view name);

// Redis ---------------------------------------------------------------------------------------------------------------
// Of a server that was verified; `ends` of its certificate.
finding judge_certificate(std::optional<std::chrono::system_clock::time_point> ends,
                          std::chrono::system_clock::time_point now);
finding judge_version(const info_fields& info);
enum class expected_mode { server, sentinel, cluster };
finding judge_mode(const info_fields& info, expected_mode wanted);
finding judge_role(const info_fields& info);
// By which the cache knows whose data it sees.
finding judge_identity(const info_fields& info);
finding judge_persistence(const info_fields& info);
finding judge_eviction(const info_fields& info, duties used_for);
// `wanted` of this process, of which none is open yet where no server runs.
finding judge_connections(const info_fields& info, int wanted);

// What a user may not do that it needs.
struct lacking_rights {
  std::vector<std::string> commands;  // "unlink"
  std::vector<std::string> keys;      // "sessions:*"
  std::vector<std::string> untold;    // commands of which it could not be found out
};
finding judge_rights(const lacking_rights& lacking);

finding judge_latency(std::vector<std::chrono::microseconds> round_trips, std::chrono::milliseconds deadline);
// How far the server's clock is ahead of ours, give or take `uncertain`.
finding judge_clock(std::chrono::milliseconds ahead, std::chrono::milliseconds uncertain);

struct key_sample {
  std::size_t looked_at = 0, ours = 0, ours_without_ttl = 0, foreign = 0;
  std::string a_foreign_one;  // an example; not the user's to choose, so made fit for a terminal
  bool is_whole = false;      // all keys were looked at
};
finding judge_keys(const key_sample& sample, duties used_for);

// Of one attempt at each; a text is what the server said against it.
struct tracking_seen {
  std::optional<std::string> refusal, caching_refusal;
  bool has_heard = false;  // of a key that was read and then changed
  bool was_tried = false;  // it could be changed at all
};
finding judge_tracking(const tracking_seen& seen, reprise::local_copies mode);

// Cache and queue, with what INFO says of both, where they have URLs of their own.
finding judge_neighbours(const info_fields& cache, const info_fields& queue);

// The store
// -------------------------------------------------------------------------------------------------------------
finding judge_schema(int version, int newest);
finding judge_indexes(const std::vector<std::string>& missing);
// `has_cache`: is there a Redis that this process would use?
finding judge_backlog(const store::backlog& waiting, bool has_cache);
// `identity`: of the Redis that was looked at; empty where it is not known.
finding judge_leases(const std::vector<store::lease>& leases, const std::string& identity);
struct disk_seen {
  std::uint64_t free_bytes = 0, file_bytes = 0, log_bytes = 0;
};
finding judge_disk(const disk_seen& seen);

}  // namespace bookings::ops

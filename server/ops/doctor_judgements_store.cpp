#include "server/ops/doctor_judgements.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

namespace bookings::ops {
namespace {

constexpr std::uint64_t mebibyte = 1024 * 1024;

std::string in_mebibytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / mebibyte);
}

}  // namespace

finding judge_schema(int version, int newest) {
  const auto seen = fmt::format("version {}", version);
  if (version > newest)
    return bad(fmt::format("{}, and this program knows versions up to {}", seen, newest),
               "start the newer program, or restore a backup of before the upgrade");
  if (version < newest)
    return warning(fmt::format("{}; the next start brings it to {}", seen, newest),
                   "make a backup first: there is no way back");
  return good(seen);
}

finding judge_indexes(const std::vector<std::string>& missing) {
  if (missing.empty()) return good("all are there");
  return bad(fmt::format("missing: {}", fmt::join(missing, ", ")),
             "lists are read slowly and rules are not kept: start bookings-server, which makes those of a MongoDB; "
             "restore a backup of a file");
}

// A relay looks four times a second, and only rows without an acknowledgement of some identity of the last hour are
// counted.
finding judge_backlog(const store::backlog& waiting, bool has_cache) {
  constexpr std::chrono::minutes long_time{1};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(waiting.oldest);
  if (waiting.rows == 0) return good("no invalidation waits");
  const auto seen = fmt::format("{} invalidations wait, the oldest for {} s", waiting.rows, seconds.count());
  if (waiting.oldest < long_time) return good(seen);
  if (!has_cache)
    return warning(seen,
                   "a Redis that was used within the last hour has not heard of them: they go when a server uses it "
                   "again, or an hour after its last use");
  return warning(seen,
                 "a Redis of the last hour has not heard of them: where it was replaced or has been restarted that is "
                 "no fault, and ends within "
                 "the hour; else see which server cannot reach it");
}

finding judge_leases(const std::vector<store::lease>& leases, const std::string& identity) {
  std::set<std::string> identities;
  std::size_t held = 0;
  for (const auto& each : leases) {
    if (each.identity.empty()) continue;
    ++held;
    identities.insert(each.identity);
  }
  if (held == 0) return good("no process uses a cache now");
  auto seen = fmt::format("{} process{} use{} a cache", held, held == 1 ? "" : "es", held == 1 ? "s" : "");
  if (identities.size() > 1)
    return warning(fmt::format("{}, on {} different Redis servers (or tables)", seen, identities.size()),
                   "during a failover or a rolling upgrade that is normal, and each write waits for all; else see that "
                   "all have the same REDIS_URL");
  const auto& only = *identities.begin();
  if (!identity.empty() && only.find(identity) == only.npos)
    return warning(seen + ", on another Redis than REDIS_URL's",
                   "see that all processes have the same REDIS_URL; what died less than a moment ago still counts");
  return good(seen);
}

finding judge_disk(const disk_seen& seen) {
  constexpr std::uint64_t least_free = 64 * mebibyte, little_free = 1024 * mebibyte, long_log = 256 * mebibyte;
  const auto text = fmt::format("{} free; the file has {}, its log {}", in_mebibytes(seen.free_bytes),
                                in_mebibytes(seen.file_bytes), in_mebibytes(seen.log_bytes));
  if (seen.free_bytes < least_free) return bad(text, "make room: writes fail when the disk is full");
  if (seen.log_bytes > long_log && seen.log_bytes > seen.file_bytes)
    return warning(text,
                   "something keeps an old snapshot open, so that the log cannot be taken into the file: look for a "
                   "program that reads it for long");
  // A backup, and a log that grows under a long read, may each take as much as the file.
  if (seen.free_bytes < little_free || seen.free_bytes < seen.file_bytes)
    return warning(text, "make room: a backup takes as much as the file");
  return good(text);
}

}  // namespace bookings::ops

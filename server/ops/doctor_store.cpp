#include "server/ops/doctor_store.hpp"

#include <unistd.h>

#include <exception>
#include <utility>

namespace bookings::ops {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds check_limit{3000};
constexpr const char* about = "store";

// A file, and a directory that this user may write: SQLite makes its log beside it.
finding judge_file(const fs::path& file) {
  std::error_code wrong;
  auto directory = fs::absolute(file).parent_path();
  const bool is_there = fs::exists(file, wrong);
  if (wrong && wrong != std::errc::no_such_file_or_directory)
    return bad(file.string() + ": " + wrong.message(), "correct STORE_URL");
  while (!fs::exists(directory, wrong) && directory.has_relative_path()) directory = directory.parent_path();
  if (!fs::is_directory(directory, wrong)) return bad(directory.string() + " is no directory", "correct STORE_URL");
  if (::access(directory.c_str(), W_OK | X_OK) != 0)
    return bad(directory.string() + " cannot be written by this user",
               "give this user the directory, or correct STORE_URL");
  if (!is_there)
    return warning(file.string() + " is not there",
                   "the first start makes it; where there should be one, correct STORE_URL");
  if (!fs::is_regular_file(file, wrong)) return bad(file.string() + " is no file", "correct STORE_URL");
  if (::access(file.c_str(), R_OK | W_OK) != 0)
    return bad(file.string() + " cannot be written by this user", "give this user the file");
  return good(file.string());
}

// A failure of one look is no failure of the others.
template <class Look>
finding tried(Look look) {
  try {
    return look();
  } catch (const std::exception& error) {
    return bad(error.what(), "see the check \"schema\", and that the store can be read");
  }
}

struct check {
  const char* name;
  finding (*look)(store_inspection&, const store_patient&);
};

finding schema(store_inspection& at, const store_patient&) {
  const auto found = at.find_schema();
  return found ? judge_schema(found->version, found->newest) : skipped("a store of this kind has no version");
}
finding indexes(store_inspection& at, const store_patient&) { return judge_indexes(at.missing_indexes()); }
finding damage(store_inspection& at, const store_patient& patient) {
  if (patient.file.empty()) return skipped("only of a store in a file");
  const auto found = at.quick_check(check_limit);
  if (!found)
    return skipped("not finished within " + std::to_string(check_limit.count()) + " ms: `backup` checks all of it");
  if (*found == "ok") return good("SQLite's quick check finds nothing");
  return bad("SQLite's quick check: " + *found, "stop the servers, and restore a backup");
}
finding outbox(store_inspection& at, const store_patient& patient) {
  return judge_backlog(at.backlog(), patient.has_cache);
}
finding leases(store_inspection& at, const store_patient& patient) {
  return judge_leases(at.leases(), patient.redis_identity);
}
finding disk(store_inspection& at, const store_patient&) {
  const auto found = at.find_room();
  return found ? judge_disk({found->free_bytes, found->file_bytes, found->log_bytes})
               : skipped("only of a store in a file");
}

constexpr check checks[] = {{"schema", schema}, {"indexes", indexes}, {"damage", damage},
                            {"outbox", outbox}, {"leases", leases},   {"disk", disk}};

}  // namespace

std::vector<examined> examine_store(const store_patient& patient) {
  std::vector<examined> all;
  const auto add = [&all](const char* name, finding found) { all.push_back({about, name, std::move(found)}); };
  const auto skip_rest = [&](const std::string& why) {
    for (const auto& each : checks) add(each.name, skipped(why));
  };
  if (!patient.file.empty()) {
    const auto file = judge_file(patient.file);
    add("file", file);
    if (file.is != verdict::good) {
      add("opening", skipped("not possible: see the check \"file\""));
      skip_rest("not possible: see the check \"file\"");
      return all;
    }
  }
  std::unique_ptr<store_inspection> open;
  const auto opening = tried([&] {
    open = patient.open();
    return good(patient.address);
  });
  add("opening", open ? opening : bad(opening.seen, "see that STORE_URL names the store, and that it can be reached"));
  if (!open) {
    skip_rest("not possible: see the check \"opening\"");
    return all;
  }
  for (const auto& each : checks) add(each.name, tried([&] { return each.look(*open, patient); }));
  return all;
}

}  // namespace bookings::ops

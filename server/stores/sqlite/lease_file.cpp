#include "server/stores/sqlite/lease_file.hpp"

namespace bookings::sqlite {
namespace {

constexpr std::int64_t hour_ms = 60 * 60 * 1000;
constexpr std::int64_t minute_ms = 60 * 1000;

constexpr const char* tables = R"sql(
CREATE TABLE IF NOT EXISTS leases (
  node       TEXT PRIMARY KEY NOT NULL,
  identity   TEXT NOT NULL,     -- empty: uses nothing
  count      INTEGER NOT NULL,
  epoch      INTEGER NOT NULL,
  changed_at INTEGER NOT NULL   -- for tidying alone
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS awaited (
  number   INTEGER PRIMARY KEY NOT NULL,  -- of an outbox row
  since_at INTEGER NOT NULL
) STRICT;
)sql";

}  // namespace

lease_file::lease_file(const std::string& path, store_clock clock) : on_(path, access::read_write, std::move(clock)) {
  on_.run_script("PRAGMA synchronous = OFF");
  transaction make(on_, transaction::kind::writing);
  on_.run_script(tables);
  make.commit();
}

bool lease_file::put(const store::lease& wanted) {
  const std::scoped_lock lock(mutex_);
  transaction change(on_, transaction::kind::writing);
  const auto now = on_.now();
  // Processes that ended: their leases were given back, or set to nothing by whoever saw them end.
  on_.use("DELETE FROM leases WHERE identity = '' AND changed_at <= ? AND node <> ?").bind(now - hour_ms, wanted.node).run();
  const int changed =
      on_.use("INSERT INTO leases (node, identity, count, epoch, changed_at) VALUES (?1, ?2, ?3, ?4, ?5)"
              " ON CONFLICT (node) DO UPDATE SET identity = ?2, count = ?3, epoch = ?4, changed_at = ?5 WHERE count < ?3")
          .bind(wanted.node, wanted.identity, wanted.count, wanted.epoch, now)
          .run();
  change.commit();
  return changed > 0;
}

void lease_file::await(const std::vector<std::int64_t>& numbers) {
  const std::scoped_lock lock(mutex_);
  transaction change(on_, transaction::kind::writing);
  const auto now = on_.now();
  on_.use("DELETE FROM awaited WHERE since_at <= ? OR since_at > ?").bind(now - minute_ms, now + minute_ms).run();
  for (const auto number : numbers)
    on_.use("INSERT INTO awaited (number, since_at) VALUES (?1, ?2) ON CONFLICT (number) DO UPDATE SET since_at = ?2")
        .bind(number, now)
        .run();
  change.commit();
}

std::vector<store::lease> lease_file::all() {
  const std::scoped_lock lock(mutex_);
  std::vector<store::lease> leases;
  auto query = on_.use("SELECT node, identity, count, epoch FROM leases");
  while (query.step()) leases.push_back({query.text(0), query.text(1), query.number(2), query.number(3)});
  return leases;
}

std::set<std::int64_t> lease_file::awaited() {
  const std::scoped_lock lock(mutex_);
  std::set<std::int64_t> numbers;
  auto query = on_.use("SELECT number FROM awaited");
  while (query.step()) numbers.insert(query.number(0));
  return numbers;
}

}  // namespace bookings::sqlite

// What the cache needs of the store: outbox, identities, epochs.
//
// Which rows may go rests on the table cache_identities alone and not on any clock: an identity that was not claimed
// within the hour is deleted from it, in the same transaction and before the rows that it had not acknowledged. If it
// comes back, its claim finds nothing and draws a new nonce, and what its Redis holds is dead. So a clock that is set
// forward and back again cannot lose an invalidation.
#include "server/stores/sqlite/sqlite_calls.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace bookings {

using sqlite::connection;

namespace {

constexpr std::int64_t remembered_ms = 60 * 60 * 1000;  // how long a claim counts
constexpr std::int64_t most_tidied = 500;               // rows looked at by one tidying: it must stay a short write

void forget_old_identities(connection& on, std::int64_t now) {
  on.use("DELETE FROM cache_identities WHERE claimed_at <= ?").bind(now - remembered_ms).run();
}

}  // namespace

namespace sqlite {

outbox_row emit(connection& on, const change& what) {
  const auto now = on.now();
  on.use("INSERT INTO outbox (what, created_at) VALUES (?, ?)").bind(to_text(what), now).run();
  return {on.last_number(), what};
}

std::vector<outbox_row> emit_all(connection& on, const std::vector<change>& changes) {
  std::vector<outbox_row> rows;
  for (const auto& each : changes) rows.push_back(emit(on, each));
  return rows;
}

void tidy_outbox(connection& on) {
  const auto now = on.now();
  forget_old_identities(on, now);
  on.use("DELETE FROM outbox WHERE number IN ("
         " SELECT o.number FROM (SELECT number, created_at FROM outbox ORDER BY number LIMIT ?) o"
         " WHERE o.created_at <= ? AND NOT EXISTS ("
         "  SELECT 1 FROM cache_identities c WHERE NOT EXISTS ("
         "   SELECT 1 FROM outbox_acknowledgements a WHERE a.number = o.number AND a.identity = c.identity)))")
      .bind(most_tidied, now - remembered_ms)
      .run();
}

}  // namespace sqlite

result<std::string> sqlite_store::claim_identity(const std::string& identity) {
  return write("claim_identity", [&](connection& on) -> result<std::string> {
    const auto now = on.now();
    forget_old_identities(on, now);
    // The new nonce is used only where there is no row.
    on.use("INSERT INTO cache_identities (identity, nonce, claimed_at) VALUES (?, ?, ?)"
           " ON CONFLICT (identity) DO UPDATE SET claimed_at = excluded.claimed_at")
        .bind(identity, make_id(), now)
        .run();
    auto query = on.use("SELECT nonce FROM cache_identities WHERE identity = ?");
    query.bind(identity).step();
    return query.text(0);
  });
}

result<std::vector<outbox_row>> sqlite_store::pending_rows(const std::string& identity,
                                                           std::chrono::milliseconds at_least, std::size_t limit) {
  return read("pending_rows", [&](connection& on) -> result<std::vector<outbox_row>> {
    const auto now = on.now();
    // A row of the future is old as well: the clock was set back, and it must not wait until it has caught up. No LIMIT
    // in the query: rows that cannot be read would fill it, and hide those behind them.
    auto query = on.use(
        "SELECT o.number, o.what FROM outbox o WHERE (?1 = 0 OR o.created_at <= ?2 - ?1 OR o.created_at > ?2)"
        " AND NOT EXISTS (SELECT 1 FROM outbox_acknowledgements a WHERE a.number = o.number AND a.identity = ?3)"
        " ORDER BY o.number");
    query.bind(at_least.count(), now, identity);
    std::vector<outbox_row> rows;
    while (rows.size() < limit && query.step()) {
      const auto number = query.number(0);
      if (auto what = parse_change(query.text(1))) {
        rows.push_back({number, std::move(*what)});
        continue;
      }
      const std::scoped_lock lock(unreadable_mutex_);
      if (number <= last_unreadable_) continue;  // said once, not each period
      last_unreadable_ = number;
      spdlog::warn("[Store] Outbox row {} cannot be read and is left: did a newer version write it?", number);
    }
    return rows;
  });
}

result<void> sqlite_store::acknowledge_rows(const std::string& identity, const std::vector<std::int64_t>& numbers) {
  if (numbers.empty()) return {};
  return write("acknowledge_rows", [&](connection& on) -> result<void> {
    forget_old_identities(on, on.now());
    for (const auto number : numbers) {
      // Of rows that are still there: another node's acknowledgement may have deleted it.
      on.use("INSERT OR IGNORE INTO outbox_acknowledgements (number, identity) SELECT number, ?2 FROM outbox"
             " WHERE number = ?1")
          .bind(number, identity)
          .run();
      on.use("DELETE FROM outbox WHERE number = ?1 AND NOT EXISTS ("
             " SELECT 1 FROM cache_identities c WHERE NOT EXISTS ("
             "  SELECT 1 FROM outbox_acknowledgements a WHERE a.number = ?1 AND a.identity = c.identity))")
          .bind(number)
          .run();
    }
    return {};
  });
}

result<store::backlog> sqlite_store::outbox_backlog() {
  return read("outbox_backlog", [&](connection& on) -> result<backlog> {
    const auto now = on.now();
    auto query = on.use(
        "SELECT count(*), coalesce(min(o.created_at), ?1) FROM outbox o WHERE EXISTS ("
        " SELECT 1 FROM cache_identities c WHERE c.claimed_at > ?2 AND NOT EXISTS ("
        "  SELECT 1 FROM outbox_acknowledgements a WHERE a.number = o.number AND a.identity = c.identity))");
    query.bind(now, now - remembered_ms).step();
    return backlog{query.number(0), std::chrono::milliseconds{std::max<std::int64_t>(now - query.number(1), 0)}};
  });
}

result<std::map<std::string, std::int64_t>> sqlite_store::cache_epochs() {
  return read("cache_epochs", [&](connection& on) -> result<std::map<std::string, std::int64_t>> {
    auto query = on.use("SELECT prefix, epoch FROM cache_epochs");
    std::map<std::string, std::int64_t> epochs;
    while (query.step()) epochs.emplace(query.text(0), query.number(1));
    return epochs;
  });
}

result<std::int64_t> sqlite_store::bump_cache_epoch(const std::string& prefix) {
  return write("bump_cache_epoch", [&](connection& on) -> result<std::int64_t> {
    on.use("INSERT INTO cache_epochs (prefix, epoch) VALUES (?, 1)"
           " ON CONFLICT (prefix) DO UPDATE SET epoch = epoch + 1")
        .bind(prefix)
        .run();
    auto query = on.use("SELECT epoch FROM cache_epochs WHERE prefix = ?");
    query.bind(prefix).step();
    return query.number(0);
  });
}

}  // namespace bookings

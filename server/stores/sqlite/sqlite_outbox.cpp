// What the cache needs of the store: outbox, identities, epochs.
//
// Which rows may go rests on the table cache_identities alone and not on any clock: an identity that was not claimed
// within the hour is deleted from it, in the same transaction and before the rows that it had not acknowledged. If it
// comes back, its claim finds nothing and draws a new nonce, and what its Redis holds is dead. A node that is just then
// between its claim and its lease finds no nonce in its next pass. So a clock that is set forward and back again cannot
// lose an invalidation.
//
// An identity has acknowledged each row up to its `acknowledged_to`, and those beyond it that have an acknowledgement of
// their own. So what is read in a pass is what is new, also while a Redis that is gone leaves an hour of rows behind.
// Numbers are given and committed in the same order, since the store has one writer: none can appear below that mark.
#include "server/stores/sqlite/lease_file.hpp"
#include "server/stores/sqlite/sqlite_calls.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>
#include <span>

namespace bookings {

using sqlite::connection;

namespace {

constexpr std::int64_t remembered_ms = 60 * 60 * 1000;  // how long a claim counts
constexpr std::chrono::seconds unreadable_quiet{30};    // between two lines
constexpr std::int64_t most_tidied = 500;               // rows looked at by one tidying: it must stay a short write
constexpr std::size_t most_acknowledged = 500;          // in one transaction, for the same reason

// Moves the mark of an identity over the rows that it has acknowledged one by one. Nothing where it is not claimed.
void raise_mark(connection& on, const std::string& identity) {
  std::int64_t mark = 0, to = 0;
  {
    auto query = on.use("SELECT acknowledged_to FROM cache_identities WHERE identity = ?");
    if (!query.bind(identity).step()) return;
    mark = query.number(0);
  }
  {
    auto query = on.use(
        "SELECT number - 1 FROM outbox o WHERE number > ?2 AND NOT EXISTS ("
        " SELECT 1 FROM outbox_acknowledgements a WHERE a.number = o.number AND a.identity = ?1)"
        " ORDER BY number LIMIT 1");
    auto newest = on.use("SELECT coalesce(max(number), 0) FROM outbox");
    if (query.bind(identity, mark).step()) to = query.number(0);
    else if (newest.step()) to = newest.number(0);
  }
  if (to <= mark) return;
  on.use("UPDATE cache_identities SET acknowledged_to = ?2 WHERE identity = ?1").bind(identity, to).run();
  on.use("DELETE FROM outbox_acknowledgements WHERE number > ?2 AND number <= ?3 AND identity = ?1")
      .bind(identity, mark, to)
      .run();
}

}  // namespace

// In the transaction that is open. An identity that a lease names counts as claimed, whatever the clock says.
void sqlite_store::forget_old_identities(connection& on) {
  std::vector<std::string> old;
  auto query = on.use("SELECT identity FROM cache_identities WHERE claimed_at <= ?");
  query.bind(on.now() - remembered_ms);
  while (query.step()) old.push_back(query.text(0));
  if (old.empty()) return;
  for (const auto& held : leases_->all()) std::erase(old, held.identity);
  for (const auto& identity : old) on.use("DELETE FROM cache_identities WHERE identity = ?").bind(identity).run();
}

// Deletes a bounded number of old rows that nobody waits for, in the transaction that is open.
void sqlite_store::tidy_outbox(connection& on) {
  forget_old_identities(on);
  on.use("DELETE FROM outbox WHERE number IN ("
         " SELECT o.number FROM (SELECT number, created_at FROM outbox ORDER BY number LIMIT ?) o"
         " WHERE o.created_at <= ? AND NOT EXISTS ("
         "  SELECT 1 FROM cache_identities c WHERE c.acknowledged_to < o.number AND NOT EXISTS ("
         "   SELECT 1 FROM outbox_acknowledgements a WHERE a.number = o.number AND a.identity = c.identity)))")
      .bind(most_tidied, on.now() - remembered_ms)
      .run();
}

namespace sqlite {

outbox_row emit(connection& on, const change& what) { return emit_all(on, {what}).front(); }

std::vector<outbox_row> emit_all(connection& on, const std::vector<change>& changes) {
  std::vector<outbox_row> rows;
  if (!on.has_outbox()) {
    for (const auto& each : changes) rows.push_back({0, each});
    return rows;
  }
  const auto now = on.now();
  for (const auto& each : changes) {
    on.use("INSERT INTO outbox (what, created_at) VALUES (?, ?)").bind(to_text(each), now).run();
    rows.push_back({on.last_number(), each});
  }
  return rows;
}

}  // namespace sqlite

result<std::string> sqlite_store::claim_identity(const std::string& identity) {
  return write("claim_identity", [&](connection& on) -> result<std::string> {
    const auto now = on.now();
    forget_old_identities(on);
    // The new nonce is used only where there is no row. What its Redis holds is dead then, so nothing that was written
    // until now needs to be repeated there.
    on.use("INSERT INTO cache_identities (identity, nonce, claimed_at, acknowledged_to)"
           " VALUES (?, ?, ?, (SELECT coalesce(max(number), 0) FROM outbox)) ON CONFLICT (identity) DO UPDATE SET claimed_at = excluded.claimed_at")
        .bind(identity, make_id(), now)
        .run();
    auto query = on.use("SELECT nonce FROM cache_identities WHERE identity = ?");
    query.bind(identity).step();
    return query.text(0);
  });
}

result<store::cache_pass> sqlite_store::read_pass(const pass_request& wanted) {
  // Before the snapshot: a writer that says later that it waits is in the next pass.
  const auto awaited = wanted.at_least.count() == 0 ? std::set<std::int64_t>() : leases_->awaited();
  return read("read_pass", [&](connection& on) -> result<cache_pass> {
    cache_pass pass;
    std::int64_t mark = 0;
    auto known = on.use("SELECT nonce, acknowledged_to FROM cache_identities WHERE identity = ?");
    if (known.bind(wanted.identity).step()) {
      pass.nonce = known.text(0);
      mark = known.number(1);
    }
    auto epochs = on.use("SELECT prefix, epoch FROM cache_epochs");
    while (epochs.step()) pass.epoch = std::max(pass.epoch, pass.epochs[epochs.text(0)] = epochs.number(1));

    const auto now = on.now();
    // A row of the future is old as well: the clock was set back, and it must not wait until it has caught up. No LIMIT
    // in the query: rows that are left out here would fill it, and hide those behind them.
    auto query = on.use(
        "SELECT o.number, o.what, o.created_at FROM outbox o WHERE o.number > ?2"
        " AND NOT EXISTS (SELECT 1 FROM outbox_acknowledgements a WHERE a.number = o.number AND a.identity = ?1)"
        " ORDER BY o.number");
    query.bind(wanted.identity, mark);
    while (query.step()) {
      const auto number = query.number(0), created = query.number(2);
      const bool is_young = created > now - wanted.at_least.count() && created <= now;
      if (is_young && wanted.at_least.count() > 0 && !awaited.contains(number)) continue;
      if (std::binary_search(wanted.except.begin(), wanted.except.end(), number)) continue;
      auto what = parse_change(query.text(1));
      if (pass.rows.size() == wanted.limit) {
        pass.is_last = false;
        break;
      }
      if (what.kind == change_kind::unknown) tell_unreadable(number);
      pass.rows.push_back({number, std::move(what)});
    }
    return pass;
  });
}

// Of each row once, and not of all where there are many: another version may go on writing them.
void sqlite_store::tell_unreadable(std::int64_t number) {
  const std::scoped_lock lock(unreadable_mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (number <= last_unreadable_ || now < next_unreadable_line_) return;
  last_unreadable_ = number;
  next_unreadable_line_ = now + unreadable_quiet;
  spdlog::warn("[Store] Outbox row {} cannot be read: is it corrupt, or has a newer version written it?", number);
}

result<outbox_row> sqlite_store::append_row(const change& what) {
  return write("append_row", [&](connection& on) -> result<outbox_row> { return sqlite::emit(on, what); });
}

result<void> sqlite_store::acknowledge_rows(const std::string& identity, const std::vector<std::int64_t>& numbers) {
  // Each part is a transaction of its own: who replays very many rows must not keep writers waiting.
  for (std::size_t at = 0; at < numbers.size(); at += most_acknowledged) {
    const auto part = std::span(numbers).subspan(at, std::min(most_acknowledged, numbers.size() - at));
    if (const auto done = acknowledge_some(identity, part); !done) return done;
  }
  return {};
}

result<void> sqlite_store::acknowledge_some(const std::string& identity, std::span<const std::int64_t> numbers) {
  return write("acknowledge_rows", [&](connection& on) -> result<void> {
    forget_old_identities(on);
    for (const auto number : numbers) {
      // Of rows that are still there: another node's acknowledgement may have deleted it.
      on.use("INSERT OR IGNORE INTO outbox_acknowledgements (number, identity) SELECT number, ?2 FROM outbox"
             " WHERE number = ?1")
          .bind(number, identity)
          .run();
      on.use("DELETE FROM outbox WHERE number = ?1 AND NOT EXISTS ("
             " SELECT 1 FROM cache_identities c WHERE c.acknowledged_to < ?1 AND NOT EXISTS ("
             "  SELECT 1 FROM outbox_acknowledgements a WHERE a.number = ?1 AND a.identity = c.identity))")
          .bind(number)
          .run();
    }
    raise_mark(on, identity);
    return {};
  });
}

store::backlog sqlite::backlog_of(connection& on) {
  const auto now = on.now();
  auto query = on.use(
      "SELECT count(*), coalesce(min(o.created_at), ?1) FROM outbox o"
      " WHERE o.number > (SELECT min(acknowledged_to) FROM cache_identities WHERE claimed_at > ?2) AND EXISTS ("
      " SELECT 1 FROM cache_identities c WHERE c.claimed_at > ?2 AND c.acknowledged_to < o.number AND NOT EXISTS ("
      "  SELECT 1 FROM outbox_acknowledgements a WHERE a.number = o.number AND a.identity = c.identity))");
  query.bind(now, now - remembered_ms).step();
  return {query.number(0), std::chrono::milliseconds{std::max<std::int64_t>(now - query.number(1), 0)}};
}

result<store::backlog> sqlite_store::outbox_backlog() {
  return read("outbox_backlog", [&](connection& on) -> result<backlog> { return sqlite::backlog_of(on); });
}

result<std::int64_t> sqlite_store::bump_cache_epoch(const std::string& prefix) {
  return write("bump_cache_epoch", [&](connection& on) -> result<std::int64_t> {
    auto newest = on.use("SELECT coalesce(max(epoch), 0) + 1 FROM cache_epochs");
    newest.step();
    const auto epoch = newest.number(0);
    on.use("INSERT INTO cache_epochs (prefix, epoch) VALUES (?1, ?2) ON CONFLICT (prefix) DO UPDATE SET epoch = ?2")
        .bind(prefix, epoch)
        .run();
    return epoch;
  });
}

result<void> sqlite_store::fill(const std::vector<std::string>& prefixes, const fill_act& act) {
  return write("fill", [&](connection& on) -> result<void> {
    struct without_rows {
      explicit without_rows(connection& at) : on(at) { on.set_outbox(false); }
      ~without_rows() { on.set_outbox(true); }
      connection& on;
    } quiet(on);
    // Rows of all ages go into every index, so most pages are wanted again. It stays: who fills a store does little else.
    on.run_script("PRAGMA cache_size = -262144");
    if (const auto done = act(*this); !done) return done;
    for (const auto& prefix : prefixes)
      if (const auto raised = bump_cache_epoch(prefix); !raised) return raised.error();
    return {};
  });
}

result<bool> sqlite_store::put_lease(const lease& wanted) {
  try {
    return leases_->put(wanted);
  } catch (...) {
    return sqlite::translate_current_exception("put_lease");
  }
}

result<void> sqlite_store::await_rows(const std::vector<std::int64_t>& numbers) {
  try {
    leases_->await(numbers);
    return {};
  } catch (...) {
    return sqlite::translate_current_exception("await_rows");
  }
}

result<store::observation> sqlite_store::observe_cache(const std::vector<std::int64_t>& numbers) {
  observation seen;
  try {
    seen.leases = leases_->all();
  } catch (...) {
    return sqlite::translate_current_exception("observe_cache");
  }
  if (numbers.empty()) return seen;
  return read("observe_cache", [&](connection& on) -> result<observation> {
    for (const auto number : numbers) {
      auto row = on.use("SELECT 1 FROM outbox WHERE number = ?");
      if (!row.bind(number).step()) continue;
      auto& identities = seen.acknowledged[number];
      auto query = on.use(
          "SELECT identity FROM outbox_acknowledgements WHERE number = ?1"
          " UNION SELECT identity FROM cache_identities WHERE acknowledged_to >= ?1");
      query.bind(number);
      while (query.step()) identities.push_back(query.text(0));
    }
    return std::move(seen);
  });
}

}  // namespace bookings

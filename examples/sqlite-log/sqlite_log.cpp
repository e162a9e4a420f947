#include "sqlite_log.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
#include <sstream>

using reprise::result;

namespace {

constexpr std::int64_t hour_ms = 60 * 60 * 1000;

constexpr const char* tables = R"sql(
CREATE TABLE IF NOT EXISTS outbox (
  number     INTEGER PRIMARY KEY AUTOINCREMENT,   -- a number is never used twice
  scopes     TEXT NOT NULL,                       -- a line each
  created_at INTEGER NOT NULL,
  is_awaited INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS acknowledgements (
  number   INTEGER NOT NULL REFERENCES outbox ON DELETE CASCADE,
  identity TEXT NOT NULL,
  PRIMARY KEY (number, identity)
);
CREATE TABLE IF NOT EXISTS identities (identity TEXT PRIMARY KEY, nonce TEXT NOT NULL, claimed_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS leases (
  node       TEXT PRIMARY KEY,
  identity   TEXT NOT NULL,      -- empty: uses nothing
  count      INTEGER NOT NULL,
  epoch      INTEGER NOT NULL,
  changed_at INTEGER NOT NULL    -- for tidying alone
);
CREATE TABLE IF NOT EXISTS epochs (prefix TEXT PRIMARY KEY, epoch INTEGER NOT NULL);
)sql";

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// What cannot be read is everything: a row of this database that a newer program wrote.
reprise::invalidation_log::row read_row(std::int64_t number, const std::string& scopes) {
  reprise::invalidation_log::row row;
  row.number = number;
  std::istringstream lines(scopes);
  for (std::string line; std::getline(lines, line);) {
    auto one = reprise::scope::parse(line);
    if (one)
      row.scopes.push_back(std::move(*one));
    else
      row.is_everything = true;
  }
  return row;
}

}  // namespace

sqlite_log::sqlite_log(const std::string& path) : on_(path) { on_.run(tables); }

// Each call is one transaction, which has happened as a whole or not at all.
template <class Work>
auto sqlite_log::attempt(const Work& work) -> result<decltype(work())> {
  try {
    const std::lock_guard lock(mutex_);
    transaction whole(on_);
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      whole.commit();
      return {};
    } else {
      auto done = work();
      whole.commit();
      return done;
    }
  } catch (const std::exception& why) {
    std::cerr << "sqlite_log: " << why.what() << '\n';
    return reprise::errc::log_unavailable;
  }
}

// In the transaction that is open. Who is forgotten draws a new nonce when it comes back, so no row has to wait for it.
void sqlite_log::forget_old_identities() {
  statement(on_, "DELETE FROM identities WHERE claimed_at <= ? AND identity NOT IN (SELECT identity FROM leases)",
            now_ms() - hour_ms)
      .run();
  statement(on_, "DELETE FROM leases WHERE identity = '' AND changed_at <= ?", now_ms() - hour_ms).run();
}

auto sqlite_log::claim(std::string identity) -> awaitable<std::string> {
  co_return attempt([&] {
    forget_old_identities();
    statement(on_, "UPDATE identities SET claimed_at = ?2 WHERE identity = ?1", identity, now_ms()).run();
    if (on_.changed() == 0) {
      statement(on_, "INSERT INTO identities VALUES (?, lower(hex(randomblob(12))), ?)", identity, now_ms()).run();
      // What it holds is dead, so there is nothing to repeat there.
      statement(on_, "INSERT OR IGNORE INTO acknowledgements SELECT number, ? FROM outbox", identity).run();
    }
    statement known(on_, "SELECT nonce FROM identities WHERE identity = ?", identity);
    known.step();
    return known.text(0);
  });
}

auto sqlite_log::read_pass(const pass_request& wanted) -> awaitable<pass> {
  co_return attempt([&] {
    pass found;
    statement known(on_, "SELECT nonce FROM identities WHERE identity = ?", wanted.identity);
    if (known.step()) found.nonce = known.text(0);
    statement epochs(on_, "SELECT prefix, epoch FROM epochs");
    while (epochs.step()) found.epoch = std::max(found.epoch, found.epochs[epochs.text(0)] = epochs.number(1));
    // A row of the future is old too: the clock was set back.
    statement rows(on_,
                   "SELECT number, scopes FROM outbox o WHERE (is_awaited OR created_at <= ?2 OR created_at > ?3)"
                   " AND NOT EXISTS (SELECT 1 FROM acknowledgements a WHERE a.number = o.number AND a.identity = ?1)"
                   " ORDER BY number",
                   wanted.identity, now_ms() - wanted.at_least.count(), now_ms());
    while (rows.step()) {
      if (std::binary_search(wanted.except.begin(), wanted.except.end(), rows.number(0))) continue;
      if (found.rows.size() == wanted.limit) {
        found.is_last = false;
        break;
      }
      found.rows.push_back(read_row(rows.number(0), rows.text(1)));
    }
    return found;
  });
}

auto sqlite_log::add_row(database& on, const std::vector<reprise::scope>& scopes) -> row_number {
  std::string lines;
  for (const auto& one : scopes) lines += one.name() + "\n";
  statement(on, "INSERT INTO outbox (scopes, created_at) VALUES (?, ?)", lines, now_ms()).run();
  statement last(on, "SELECT last_insert_rowid()");
  last.step();
  return last.number(0);
}

auto sqlite_log::append(std::vector<reprise::scope> scopes) -> awaitable<std::vector<row_number>> {
  co_return attempt([&] { return std::vector<row_number>(1, add_row(on_, scopes)); });
}

auto sqlite_log::acknowledge(std::string identity, std::vector<row_number> numbers) -> awaitable<void> {
  co_return attempt([&] {
    forget_old_identities();
    for (const auto number : numbers)
      statement(on_, "INSERT OR IGNORE INTO acknowledgements SELECT number, ?2 FROM outbox WHERE number = ?1", number,
                identity)
          .run();
    on_.run(
        "DELETE FROM outbox WHERE NOT EXISTS (SELECT 1 FROM identities i WHERE NOT EXISTS"
        " (SELECT 1 FROM acknowledgements a WHERE a.number = outbox.number AND a.identity = i.identity))");
  });
}

auto sqlite_log::await_rows(std::vector<row_number> numbers) -> awaitable<void> {
  co_return attempt([&] {
    for (const auto number : numbers) statement(on_, "UPDATE outbox SET is_awaited = 1 WHERE number = ?", number).run();
  });
}

auto sqlite_log::bump_epoch(std::string prefix) -> awaitable<std::int64_t> {
  co_return attempt([&] {
    statement newest(on_, "SELECT coalesce(max(epoch), 0) + 1 FROM epochs");
    newest.step();
    const auto epoch = newest.number(0);
    statement(on_, "INSERT OR REPLACE INTO epochs VALUES (?, ?)", prefix, epoch).run();
    return epoch;
  });
}

auto sqlite_log::put_lease(const lease& wanted) -> awaitable<bool> {
  co_return attempt([&] {
    statement(on_,
              "INSERT INTO leases VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (node) DO UPDATE"
              " SET identity = ?2, count = ?3, epoch = ?4, changed_at = ?5 WHERE count < ?3",
              wanted.node, wanted.identity, wanted.count, wanted.epoch, now_ms())
        .run();
    return on_.changed() > 0;
  });
}

auto sqlite_log::observe(std::vector<row_number> numbers) -> awaitable<observation> {
  co_return attempt([&] {
    observation seen;
    statement leases(on_, "SELECT node, identity, count, epoch FROM leases WHERE identity <> ''");
    while (leases.step()) seen.leases.push_back({leases.text(0), leases.text(1), leases.number(2), leases.number(3)});
    for (const auto number : numbers) {
      statement row(on_, "SELECT 1 FROM outbox WHERE number = ?", number);
      if (!row.step()) continue;
      auto& by = seen.acknowledged[number];
      statement who(on_, "SELECT identity FROM acknowledgements WHERE number = ?", number);
      while (who.step()) by.push_back(who.text(0));
    }
    return seen;
  });
}

#include "server/stores/sqlite/connection.hpp"

#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include <chrono>
#include <stdexcept>
#include <thread>

namespace bookings::sqlite {
namespace {

constexpr int busy_timeout_ms = 5000;

int open_flags(access mode) {
  // Readers too are opened read-write, and held back by query_only: one that is opened read-only cannot recover the log
  // that a killed process left. NOMUTEX: a connection is never used by two threads at once.
  return SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX | (mode == access::read_write ? SQLite::OPEN_CREATE : 0);
}

// Turning WAL on needs the file for itself for a moment, and SQLite does not wait for that by its busy timeout: two
// processes that start at once would fail.
void turn_on_wal(SQLite::Database& database) {
  using namespace std::chrono_literals;
  for (int attempt = 0;; ++attempt) {
    try {
      const std::string mode = database.execAndGet("PRAGMA journal_mode = WAL").getString();
      if (mode == "wal") return;
      throw std::runtime_error("the journal mode stays \"" + mode +
                               "\" and not \"wal\": put the file on a local disk (network file systems cannot do it)");
    } catch (const SQLite::Exception& e) {
      if (e.getErrorCode() != SQLITE_BUSY || attempt == 100) throw;
      std::this_thread::sleep_for(50ms);
    }
  }
}

}  // namespace

statement::~statement() {
  // reset() tells again of the error that step() told: nothing new, and no reason to throw here.
  cached_.tryReset();
  cached_.clearBindings();
}

std::optional<std::string> statement::optional_text(int column) const {
  if (cached_.isColumnNull(column)) return {};
  return text(column);
}

void statement::bind_one(std::string_view value) { cached_.bind(next_++, std::string(value)); }

connection::connection(const std::string& path, access mode, store_clock clock)
    : database_(path, open_flags(mode), busy_timeout_ms), clock_(std::move(clock)) {
  if (mode == access::read_write) turn_on_wal(database_);
  // FULL: in WAL mode NORMAL may lose the last commits with the power, and a commit is what we acknowledge.
  database_.exec("PRAGMA synchronous = FULL");
  database_.exec("PRAGMA foreign_keys = ON");
  database_.exec("PRAGMA trusted_schema = OFF");
  database_.exec("PRAGMA journal_size_limit = 67108864");  // a log that once grew is cut back to 64 MiB
  if (mode == access::read_only) database_.exec("PRAGMA query_only = ON");
}

statement connection::use(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    std::string text(sql);
    SQLite::Statement prepared(database_, text);
    found = statements_.emplace(std::move(text), std::move(prepared)).first;
  }
  return statement(found->second);
}

std::int64_t connection::now() {
  if (clock_) return clock_();
  auto query = use("SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER)");
  query.step();
  return query.number(0);
}

bool connection::is_idle() const noexcept {
  return sqlite3_txn_state(database_.getHandle(), nullptr) == SQLITE_TXN_NONE;
}

bool connection::in_transaction() const noexcept { return sqlite3_get_autocommit(database_.getHandle()) == 0; }

transaction::transaction(connection& on, kind what) : on_(on) {
  on_.use(what == kind::writing ? "BEGIN IMMEDIATE" : "BEGIN").run();
}

transaction::~transaction() {
  if (!on_.in_transaction()) return;  // committed, or rolled back by SQLite itself (a full disk)
  try {
    on_.use("ROLLBACK").run();
  } catch (const std::exception& e) {
    spdlog::error("[Store] A transaction could not be rolled back: {}", e.what());
  }
}

void transaction::commit() { on_.use("COMMIT").run(); }

}  // namespace bookings::sqlite

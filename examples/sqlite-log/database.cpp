#include "database.hpp"

#include <stdexcept>

namespace {

void check(int code) {
  if (code != SQLITE_OK) throw std::runtime_error(sqlite3_errstr(code));
}

}  // namespace

database::database(const std::string& path) {
  sqlite3* on = nullptr;
  const int code = sqlite3_open(path.c_str(), &on);
  on_.reset(on);
  check(code);
  sqlite3_busy_timeout(on, 2000);
  run("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON");
}

void database::run(const char* sql) { check(sqlite3_exec(on_.get(), sql, nullptr, nullptr, nullptr)); }

transaction::~transaction() {
  if (is_open_) sqlite3_exec(on_.on_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void transaction::commit() {
  on_.run("COMMIT");
  is_open_ = false;
}

statement::statement(database& on, const char* sql) {
  sqlite3_stmt* of = nullptr;
  check(sqlite3_prepare_v2(on.on_.get(), sql, -1, &of, nullptr));
  of_.reset(of);
}

bool statement::step() {
  const int code = sqlite3_step(of_.get());
  if (code == SQLITE_ROW) return true;
  check(code == SQLITE_DONE ? SQLITE_OK : code);
  return false;
}

std::string statement::text(int column) const {
  const auto* first = reinterpret_cast<const char*>(sqlite3_column_text(of_.get(), column));
  return first == nullptr ? std::string()
                          : std::string(first, static_cast<std::size_t>(sqlite3_column_bytes(of_.get(), column)));
}

void statement::bind(int place, const std::string& value) {
  check(sqlite3_bind_text(of_.get(), place, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT));
}

void statement::bind(int place, std::int64_t value) { check(sqlite3_bind_int64(of_.get(), place, value)); }

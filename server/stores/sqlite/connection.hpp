// One connection to the SQLite file, with what every use of it needs: settings, cached statements, transactions.
// Everything that runs SQL here goes through `statement` and `transaction`, because
//   - a statement that was stepped and not reset pins its snapshot: later reads on that connection would show old data;
//   - a transaction that is left open does the same, and for a writer it keeps everybody else out.
// Both are therefore ended by destructors. Failures throw SQLite::Exception; sqlite_calls.hpp turns them into errc.
#pragma once

#include "server/domain/money.hpp"
#include "server/domain/time.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace bookings::sqlite {

// Milliseconds since 1970 by the store's clock.
using store_clock = std::function<std::int64_t()>;

enum class access { read_only, read_write };

// A cached statement in use. Not thread-safe; lives no longer than its connection; at most one at a time for a text.
class statement {
 public:
  explicit statement(SQLite::Statement& cached) noexcept : cached_(cached) {}
  ~statement();
  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;

  // Binds the next parameters, from ?1 on, by copy. An empty optional is NULL.
  template <class... Values>
  statement& bind(const Values&... values) {
    (bind_one(values), ...);
    return *this;
  }

  // True: there is a row to read. False: the end.
  bool step() { return cached_.executeStep(); }
  // To the end; returns how many rows it changed.
  int run() { return cached_.exec(); }

  // Columns of the row, from 0.
  std::string text(int column) const { return cached_.getColumn(column).getString(); }
  std::optional<std::string> optional_text(int column) const;
  std::int64_t number(int column) const { return cached_.getColumn(column).getInt64(); }
  money amount(int column) const { return {number(column)}; }
  bool is_null(int column) const { return cached_.getColumn(column).isNull(); }
  time_point time(int column) const { return time_point{std::chrono::milliseconds{number(column)}}; }

 private:
  void bind_one(std::string_view value);
  void bind_one(const std::string& value) { bind_one(std::string_view(value)); }
  void bind_one(const char* value) { bind_one(std::string_view(value)); }
  void bind_one(time_point value) { bind_one(value.time_since_epoch().count()); }
  void bind_one(money value) { bind_one(value.hundredths); }
  template <class Number>
    requires std::is_integral_v<Number>
  void bind_one(Number value) {
    cached_.bind(next_++, static_cast<std::int64_t>(value));
  }
  template <class Value>
  void bind_one(const std::optional<Value>& value) {
    if (value) return bind_one(*value);
    cached_.bind(next_++);
  }

  SQLite::Statement& cached_;
  int next_ = 1;
};

// Not thread-safe: one thread at a time, which the writer's mutex and the reader pool see to.
class connection {
 public:
  // Opens the file, and creates it where access is read_write and it is not there. Throws SQLite::Exception.
  connection(const std::string& path, access mode, store_clock clock);

  // The statement of this text, prepared at its first use and kept. Use only with texts that are few.
  statement use(std::string_view sql);
  // For pragmas and schema scripts: runs them all, shows no rows.
  void run_script(const char* sql) { database_.exec(sql); }

  // Now by the store's clock: SQLite's own, so that all processes on the file agree.
  std::int64_t now();
  // Do changes get rows in the outbox? Not within store::fill().
  bool has_outbox() const noexcept { return has_outbox_; }
  void set_outbox(bool on) noexcept { has_outbox_ = on; }
  std::int64_t last_number() const { return database_.getLastInsertRowid(); }
  // False while any transaction is open, were it only by a statement that was not reset.
  bool is_idle() const noexcept;
  // Is there a transaction that BEGIN opened and that neither COMMIT nor ROLLBACK (SQLite's own included) has ended?
  bool in_transaction() const noexcept;

 private:
  SQLite::Database database_;
  store_clock clock_;
  bool has_outbox_ = true;
  std::map<std::string, SQLite::Statement, std::less<>> statements_;  // after database_: finalised before it closes
};

// From its construction to commit(); rolled back by the destructor otherwise.
class transaction {
 public:
  // `reading` takes its snapshot at its first query; `writing` has the write lock at once, and so sees the newest data:
  // a check made inside still holds at the commit.
  enum class kind { reading, writing };
  transaction(connection& on, kind what);
  ~transaction();
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;

  void commit();

 private:
  connection& on_;
};

}  // namespace bookings::sqlite

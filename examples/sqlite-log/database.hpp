// What the example needs of SQLite: a connection, a transaction, a statement. Failures are std::runtime_error.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>

class database {
 public:
  explicit database(const std::string& path);
  void run(const char* sql);
  int changed() const noexcept { return sqlite3_changes(on_.get()); }  // rows, by the last statement that changed any

 private:
  friend class statement;
  friend class transaction;
  struct closer {
    void operator()(sqlite3* on) const noexcept { sqlite3_close(on); }
  };
  std::unique_ptr<sqlite3, closer> on_;
};

// Rolled back where commit() was not called.
class transaction {
 public:
  explicit transaction(database& on, const char* begin = "BEGIN IMMEDIATE") : on_(on) { on_.run(begin); }
  ~transaction();
  transaction(const transaction&) = delete;
  void commit();

 private:
  database& on_;
  bool is_open_ = true;
};

class statement {
 public:
  template <class... Values>
  statement(database& on, const char* sql, const Values&... values) : statement(on, sql) {
    int place = 0;
    (bind(++place, values), ...);
  }
  statement(database& on, const char* sql);
  bool step();  // is there a row?
  void run() {
    while (step()) {
    }
  }
  std::string text(int column) const;
  std::int64_t number(int column) const { return sqlite3_column_int64(of_.get(), column); }

 private:
  void bind(int place, const std::string& value);
  void bind(int place, std::int64_t value);
  struct finisher {
    void operator()(sqlite3_stmt* of) const noexcept { sqlite3_finalize(of); }
  };
  std::unique_ptr<sqlite3_stmt, finisher> of_;
};

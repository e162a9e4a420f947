// Its connections are opened for reading (connection.hpp): the last to close takes what the log holds into the file, as
// any closing of the store does.
#include "server/stores/inspection.hpp"
#include "server/stores/sqlite/schema.hpp"
#include "server/stores/sqlite/sqlite_calls.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace bookings {
namespace {

namespace fs = std::filesystem;
using sqlite::access;
using sqlite::connection;

constexpr int steps_between_looks = 10'000;  // of SQLite's virtual machine: far less than a millisecond

int version_of(connection& on) {
  auto query = on.use("PRAGMA user_version");
  query.step();
  return static_cast<int>(query.number(0));
}

// Indexes and triggers, by name: rules rest on both. What SQLite makes by itself has no text.
constexpr const char* made_things =
    "SELECT name FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY name";

class sqlite_inspection final : public store_inspection {
 public:
  explicit sqlite_inspection(const std::string& path) : path_(path), on_(path, access::read_only, {}) {
    if (version_of(on_) <= 0) throw std::runtime_error("it is no store of this program");
  }

  std::optional<schema> find_schema() override { return schema{version_of(on_), sqlite::newest_schema()}; }

  std::vector<std::string> missing_indexes() override {
    SQLite::Database fresh(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    fresh.exec(sqlite::schema_script(std::min(version_of(on_), sqlite::newest_schema())));
    SQLite::Statement wanted(fresh, made_things);
    std::set<std::string> there;
    auto found = on_.use(made_things);
    while (found.step()) there.insert(found.text(0));
    std::vector<std::string> missing;
    while (wanted.executeStep())
      if (auto name = wanted.getColumn(0).getString(); !there.contains(name)) missing.push_back(std::move(name));
    return missing;
  }

  store::backlog backlog() override {
    sqlite::transaction snapshot(on_, sqlite::transaction::kind::reading);
    return sqlite::backlog_of(on_);
  }

  std::vector<store::lease> leases() override {
    const auto path = path_ + "-leases";
    if (!fs::exists(path)) return {};
    connection file(path, access::read_only, {});
    std::vector<store::lease> all;
    auto query = file.use("SELECT node, identity, count, epoch FROM leases");
    while (query.step()) all.push_back({query.text(0), query.text(1), query.number(2), query.number(3)});
    return all;
  }

  std::optional<room> find_room() override {
    const auto log = path_ + "-wal";
    return room{fs::space(fs::absolute(path_).parent_path()).available, fs::file_size(path_),
                fs::exists(log) ? fs::file_size(log) : 0};
  }

  std::optional<std::string> quick_check(std::chrono::milliseconds limit) override {
    SQLite::Database whole(path_, SQLite::OPEN_READWRITE, static_cast<int>(limit.count()));
    auto end = std::chrono::steady_clock::now() + limit;
    const auto is_over = [](void* given) {
      return std::chrono::steady_clock::now() >= *static_cast<std::chrono::steady_clock::time_point*>(given) ? 1 : 0;
    };
    sqlite3_progress_handler(whole.getHandle(), steps_between_looks, is_over, &end);
    try {
      return whole.execAndGet("PRAGMA quick_check(1)").getString();
    } catch (const SQLite::Exception& error) {
      if (error.getErrorCode() == SQLITE_INTERRUPT) return {};
      throw;
    }
  }

 private:
  const std::string path_;
  connection on_;
};

}  // namespace

std::unique_ptr<store_inspection> inspect_sqlite_store(const std::string& path) {
  return std::make_unique<sqlite_inspection>(path);
}

}  // namespace bookings

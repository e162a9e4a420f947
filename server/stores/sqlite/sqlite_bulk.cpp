#include "server/stores/sqlite/sqlite_bulk.hpp"

#include "server/stores/sqlite/bulk_rows.hpp"
#include "server/stores/sqlite/schema.hpp"

#include <fcntl.h>
#include <stdio.h>  // renameat2
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace bookings {
namespace {

namespace fs = std::filesystem;
using sqlite::connection;
using sqlite::transaction;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }
[[noreturn]] void fail_with_errno(const std::string& what) { fail(what + ": " + std::generic_category().message(errno)); }

std::int64_t number_of(connection& on, std::string_view sql) {
  auto query = on.use(sql);
  query.step();
  return query.number(0);
}

// Each read is a snapshot of its own: what is written between two is for the copy's check to find.
class sqlite_source final : public bulk_source {
 public:
  explicit sqlite_source(const std::string& path) : on_(path, sqlite::access::read_only, {}), leases_(path + "-leases") {
    const auto version = number_of(on_, "PRAGMA user_version");
    if (version <= 0) fail("it is no store of this program");
    if (version != sqlite::newest_schema())
      fail("its schema has version " + std::to_string(version) + " and this program's has " +
           std::to_string(sqlite::newest_schema()) +
           (version < sqlite::newest_schema() ? ": start bookings-server on it once, which brings it up to date"
                                              : ": use the newer program"));
  }

  std::int64_t count(record_kind kind) override { return sqlite::count_records(on_, kind); }
  std::vector<record> read(record_kind kind, const std::string& after, std::size_t limit) override {
    return sqlite::read_records(on_, kind, after, limit);
  }

  std::string activity() override {
    // Another number once another connection, of whatever process, has committed.
    auto text = std::to_string(number_of(on_, "PRAGMA data_version"));
    if (!fs::exists(leases_)) return text;
    connection leases(leases_, sqlite::access::read_only, {});
    auto query = leases.use("SELECT node, count FROM leases ORDER BY node");
    while (query.step()) text += "\n" + query.text(0) + " " + query.text(1);
    return text;
  }

 private:
  connection on_;
  const std::string leases_;
};

// The file under its first name, which one process at a time has for itself. flock, since SQLite's own locks are others,
// and go when any descriptor of the file is closed: so this one is closed after SQLite's.
class claimed_file {
 public:
  claimed_file(std::string path, std::string becomes) : path_(std::move(path)), becomes_(std::move(becomes)) {
    check_name_is_free();
    if (fs::path(path_).has_parent_path()) fs::create_directories(fs::path(path_).parent_path());
    // It holds password hashes and personal data: nobody but its owner reads it.
    descriptor_ = ::open(path_.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor_ < 0) fail_with_errno("\"" + path_ + "\" cannot be created");
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      ::close(descriptor_);
      fail("another copy into it is at work");
    }
    // Whoever had it before may have given it its name since it was opened here.
    struct stat opened {}, named {};
    if (::fstat(descriptor_, &opened) != 0 || ::stat(path_.c_str(), &named) != 0 || opened.st_ino != named.st_ino) {
      ::close(descriptor_);
      fail("another copy into it has just ended");
    }
  }
  ~claimed_file() { ::close(descriptor_); }
  claimed_file(const claimed_file&) = delete;
  claimed_file& operator=(const claimed_file&) = delete;

  const std::string& path() const noexcept { return path_; }

  void take_name() const {
    check_name_is_free();
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, becomes_.c_str(), RENAME_NOREPLACE) != 0)
      fail_with_errno("\"" + becomes_ + "\" cannot be created");
    const auto parent = fs::path(becomes_).parent_path();
    const int directory = ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) fail_with_errno("\"" + parent.string() + "\" cannot be opened");
    const bool is_on_disk = ::fsync(directory) == 0;
    ::close(directory);
    if (!is_on_disk) fail_with_errno("\"" + parent.string() + "\" cannot be written to the disk");
  }

 private:
  void check_name_is_free() const {
    if (fs::exists(becomes_)) fail("it is there already: name a file that is not, or move it away");
    // SQLite would apply an old log to the new file.
    for (const auto* suffix : {"-wal", "-journal"})
      if (fs::exists(becomes_ + suffix)) fail("\"" + becomes_ + suffix + "\" of an earlier store is still there: move it away");
  }

  const std::string path_, becomes_;
  int descriptor_ = -1;
};

class sqlite_target final : public bulk_target {
 public:
  sqlite_target(const std::string& path, const std::string& source)
      : file_(path + ".copying", path), on_(file_.path(), sqlite::access::read_write, {}) {
    sqlite::migrate(on_);
    transaction mark(on_, transaction::kind::writing);
    on_.run_script("CREATE TABLE IF NOT EXISTS copy_of (source TEXT NOT NULL)");
    {
      auto query = on_.use("SELECT source FROM copy_of");
      if (!query.step())
        on_.use("INSERT INTO copy_of (source) VALUES (?)").bind(source).run();
      else if (query.text(0) != source)
        fail("\"" + file_.path() + "\" holds a copy of " + query.text(0) + " that was not finished: go on with that, or remove the file");
    }
    mark.commit();
  }

  std::int64_t count(record_kind kind) override { return sqlite::count_records(on_, kind); }
  std::vector<record> read(record_kind kind, const std::string& after, std::size_t limit) override {
    return sqlite::read_records(on_, kind, after, limit);
  }
  void add(record_kind kind, const std::vector<record>& rows) override { write(kind, rows, sqlite::existing::stays); }
  void correct(record_kind kind, const std::vector<record>& rows) override {
    write(kind, rows, sqlite::existing::becomes_this);
  }
  void remove(record_kind kind, const std::vector<std::string>& keys) override {
    transaction all(on_, transaction::kind::writing);
    sqlite::remove_records(on_, kind, keys);
    all.commit();
  }

  void finish() override {
    on_.run_script("DROP TABLE copy_of");
    // The log into the file, and the file to the disk: its new name must stand for all of it.
    auto mode = on_.use("PRAGMA journal_mode = DELETE");
    mode.step();
    if (mode.text(0) != "delete") fail("its journal mode stays \"" + mode.text(0) + "\"");
    file_.take_name();
  }

 private:
  void write(record_kind kind, const std::vector<record>& rows, sqlite::existing row) {
    transaction all(on_, transaction::kind::writing);
    sqlite::write_records(on_, kind, rows, row);
    all.commit();
  }

  claimed_file file_;
  connection on_;
};

}  // namespace

std::unique_ptr<bulk_source> open_sqlite_source(const std::string& path) {
  try {
    if (!fs::is_regular_file(path)) fail("there is no such file");
    return std::make_unique<sqlite_source>(path);
  } catch (const std::exception& error) {
    fail("the store \"" + path + "\" cannot be copied from: " + error.what());
  }
}

std::unique_ptr<bulk_target> open_sqlite_target(const std::string& path, const std::string& source) {
  try {
    return std::make_unique<sqlite_target>(path, source);
  } catch (const std::exception& error) {
    fail("the store \"" + path + "\" cannot be copied to: " + error.what());
  }
}

}  // namespace bookings

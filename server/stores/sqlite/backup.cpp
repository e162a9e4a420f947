#include "server/stores/sqlite/backup.hpp"

#include "server/domain/id.hpp"
#include "server/stores/sqlite/schema.hpp"

#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <fcntl.h>
#include <stdio.h>  // renameat2
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace bookings::sqlite {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int pages_in_a_step = 256;  // a mebibyte: progress is shown, and an interruption heeded, after each
constexpr int busy_timeout_ms = 5000;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }
[[noreturn]] void fail_with_errno(const std::string& what) {
  throw std::runtime_error(what + ": " + std::generic_category().message(errno));
}

// The copy until it is good: goes, with what SQLite puts beside it, unless it was renamed.
class partial_file {
 public:
  // Beside `to`, since a name can only be given within a file system.
  explicit partial_file(const std::string& to) : path_(to + ".partial-" + make_id()) {
    const int created = ::open(path_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (created < 0) fail_with_errno("\"" + path_ + "\" cannot be created");
    ::close(created);
  }
  ~partial_file() {
    std::error_code ignored;
    for (const auto* suffix : {"", "-journal", "-wal", "-shm"}) fs::remove(path_ + suffix, ignored);
  }
  partial_file(const partial_file&) = delete;
  partial_file& operator=(const partial_file&) = delete;

  const std::string& path() const noexcept { return path_; }

  // To the disk, and then to its name, and the name to the disk.
  void become(const std::string& to, overwrite existing) const {
    sync(path_, O_RDONLY);
    if (existing == overwrite::yes ? ::rename(path_.c_str(), to.c_str()) != 0
                                   : ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0)
      fail_with_errno("\"" + to + "\" cannot be created");
    const auto directory = fs::path(to).parent_path();
    sync(directory.empty() ? "." : directory.string(), O_RDONLY | O_DIRECTORY);
  }

 private:
  static void sync(const std::string& path, int flags) {
    const int opened = ::open(path.c_str(), flags | O_CLOEXEC);
    if (opened < 0) fail_with_errno("\"" + path + "\" cannot be opened");
    const bool done = ::fsync(opened) == 0;
    ::close(opened);
    if (!done) fail_with_errno("\"" + path + "\" cannot be written to the disk");
  }

  std::string path_;
};

void check_version(SQLite::Database& source) {
  const int version = source.execAndGet("PRAGMA user_version").getInt();
  if (version <= 0) fail("it is no store of this program");
  if (version > newest_schema())
    fail("its schema has version " + std::to_string(version) + " and this program knows versions up to " +
         std::to_string(newest_schema()) + ": use the newer program");
}

void copy_pages(SQLite::Database& target, SQLite::Database& source, const std::function<bool(int)>& progress) {
  SQLite::Backup pages(target, source);
  for (;;) {
    const int outcome = pages.executeStep(pages_in_a_step);
    if (outcome == SQLITE_DONE) return;
    if (outcome != SQLITE_OK) std::this_thread::sleep_for(10ms);  // locked for a moment
    const int whole = pages.getTotalPageCount(), left = pages.getRemainingPageCount();
    if (progress && !progress(whole > 0 ? 100 * (whole - left) / whole : 0)) fail("it was interrupted");
  }
}

// The copy is another store than the one that goes on living.
void set_apart(SQLite::Database& copy) {
  // One file alone, to be copied about; a server that opens it turns the log on again.
  const std::string mode = copy.execAndGet("PRAGMA journal_mode = DELETE").getString();
  if (mode != "delete") fail("the copy's journal mode stays \"" + mode + "\"");
  SQLite::Transaction changes(copy, SQLite::TransactionBehavior::IMMEDIATE);
  copy.exec("DELETE FROM cache_identities");
  // A store of before the third version gets its identity when it is brought up to date.
  if (copy.tableExists("store_identity")) {
    SQLite::Statement mark(copy, "UPDATE store_identity SET backup_of = identity, backup_at = ?,"
                                 " identity = lower(hex(randomblob(16)))");
    mark.bind(1, static_cast<std::int64_t>(now().time_since_epoch().count()));
    mark.exec();
  }
  changes.commit();
}

void check_copy(SQLite::Database& copy) {
  SQLite::Statement check(copy, "PRAGMA quick_check(1)");
  if (!check.executeStep()) fail("the copy cannot be checked");
  const std::string found = check.getColumn(0).getString();
  if (found != "ok") fail("the copy is not sound: " + found);
}

// A checked copy of the store `from`, still under a name that nobody asked for.
void fill(const partial_file& partial, const std::string& from, const std::function<bool(int)>& progress) {
  // Opened for writing, as readers are (connection.cpp), but nothing is written.
  SQLite::Database source(from, SQLite::OPEN_READWRITE, busy_timeout_ms);
  source.exec("PRAGMA query_only = ON");
  // One snapshot from here to the end: without it, each write of a server would begin the copy anew.
  source.exec("BEGIN");
  check_version(source);
  SQLite::Database copy(partial.path(), SQLite::OPEN_READWRITE, busy_timeout_ms);
  copy_pages(copy, source, progress);
  set_apart(copy);
  check_copy(copy);
  if (progress && !progress(100)) fail("it was interrupted");
}

// Refuses where somebody uses the store. One that cannot be read at all is used by nobody.
void check_unused(const std::string& path) {
  try {
    SQLite::Database store(path, SQLite::OPEN_READWRITE);
    // A log that SQLite cannot read is not deleted when this connection closes.
    int keep = 1;
    sqlite3_file_control(store.getHandle(), "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
    // Takes the log into the file, and succeeds only for the last one who has it open.
    store.exec("PRAGMA journal_mode = DELETE");
  } catch (const SQLite::Exception& e) {
    const int kind = e.getErrorCode() & 0xff;
    if (kind == SQLITE_BUSY) fail("a server uses \"" + path + "\": stop it first");
    if (kind != SQLITE_NOTADB && kind != SQLITE_CORRUPT) throw;
  }
}

// The store under another name, with its log, if that could not be taken into it. Returns the name.
std::string set_aside(const std::string& path) {
  check_unused(path);
  const auto aside = path + ".before-restore-" + make_id();
  for (const auto* suffix : {"-wal", "-shm", ""})
    if (fs::exists(path + suffix)) fs::rename(path + suffix, aside + suffix);
  return aside;
}

}  // namespace

std::uintmax_t back_up(const backup_options& wanted) {
  try {
    if (!fs::is_regular_file(wanted.from)) fail("there is no such file");
    if (wanted.existing == overwrite::no && fs::exists(wanted.to))
      fail("\"" + wanted.to + "\" is there already; --force replaces it");
    const partial_file partial(wanted.to);
    fill(partial, wanted.from, wanted.progress);
    partial.become(wanted.to, wanted.existing);
    return fs::file_size(wanted.to);
  } catch (const std::exception& e) {
    throw std::runtime_error("the store \"" + wanted.from + "\" was not backed up: " + e.what());
  }
}

std::optional<std::string> restore(const backup_options& wanted) {
  try {
    if (!fs::is_regular_file(wanted.from)) fail("there is no such file");
    if (fs::path(wanted.to).has_parent_path()) fs::create_directories(fs::path(wanted.to).parent_path());
    const partial_file partial(wanted.to);
    fill(partial, wanted.from, wanted.progress);  // first: a backup that is not sound replaces nothing
    std::optional<std::string> aside;
    if (fs::exists(wanted.to)) aside = set_aside(wanted.to);
    partial.become(wanted.to, overwrite::no);
    return aside;
  } catch (const std::exception& e) {
    throw std::runtime_error("\"" + wanted.from + "\" was not restored: " + e.what());
  }
}

std::optional<backup_mark> settle_backup(connection& on) {
  transaction changes(on, transaction::kind::writing);
  std::optional<backup_mark> found;
  {
    auto query = on.use("SELECT backup_of, backup_at FROM store_identity WHERE backup_of IS NOT NULL");
    if (query.step()) found = backup_mark{query.text(0), query.time(1)};
  }
  if (!found) return found;
  on.use("DELETE FROM cache_identities").run();
  on.use("UPDATE store_identity SET backup_of = NULL, backup_at = NULL").run();
  changes.commit();
  return found;
}

}  // namespace bookings::sqlite

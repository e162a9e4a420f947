#include "server/stores/sqlite/sqlite_store.hpp"

#include "server/stores/failure_log.hpp"
#include "server/stores/sqlite/backup.hpp"
#include "server/stores/sqlite/lease_file.hpp"
#include "server/stores/sqlite/schema.hpp"
#include "server/stores/sqlite/sqlite_calls.hpp"

#include <boost/system/system_error.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include <filesystem>
#include <mutex>
#include <stdexcept>

namespace bookings {
namespace sqlite {
namespace {

bool is_unavailable(int code) noexcept {
  switch (code & 0xff) {  // the low byte is the kind, the rest its detail
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_PROTOCOL: return true;
    default: return false;
  }
}

}  // namespace

errc translate_current_exception(const char* operation) noexcept {
  try {
    throw;
  } catch (const SQLite::Exception& e) {
    log_store_failure(operation, fmt::format("{} (SQLite {}/{})", e.what(), e.getErrorCode(), e.getExtendedErrorCode()));
    return is_unavailable(e.getErrorCode()) ? errc::store_unavailable : errc::internal;
  } catch (const std::exception& e) {
    log_store_failure(operation, e.what());
    return errc::internal;
  } catch (...) {
    log_store_failure(operation, "for an unknown reason");
    return errc::internal;
  }
}

}  // namespace sqlite

namespace {

// The file holds password hashes and personal data: nobody but its owner reads one that we create.
void create_private_file(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  if (path.has_parent_path()) fs::create_directories(path.parent_path());
  if (fs::exists(path)) return;
  const sqlite::connection created(path.string(), sqlite::access::read_write, {});
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
}

std::string cannot_open(const std::string& path, const std::string& why) {
  return "the store \"" + path + "\" cannot be opened: " + why;
}

constexpr const char* advice =
    ". Check that STORE_URL names a file on a local disk, in a directory that this user may write";

std::unique_ptr<sqlite::connection> open_writer(const sqlite_options& options) {
  try {
    if (options.path.empty()) throw std::runtime_error("its path is empty");  // SQLite would take a temporary file
    create_private_file(options.path);
    auto writer = std::make_unique<sqlite::connection>(options.path, sqlite::access::read_write, options.clock);
    sqlite::migrate(*writer);
    if (const auto copied = sqlite::settle_backup(*writer))
      spdlog::warn("[Store] This is a backup of store {}, made at {}. It goes on as a store of its own: nothing that was"
                   " cached for the other one will be used",
                   copied->of, format_time(copied->at));
    return writer;
  } catch (const sqlite::newer_schema& e) {
    throw boost::system::system_error(make_error_code(errc::store_too_new), cannot_open(options.path, e.what()));
  } catch (const std::exception& e) {
    throw std::runtime_error(cannot_open(options.path, e.what()) + advice);
  }
}

std::unique_ptr<sqlite::lease_file> open_leases(const sqlite_options& options) {
  const auto path = options.path + "-leases";
  try {
    create_private_file(path);
    return std::make_unique<sqlite::lease_file>(path, options.clock);
  } catch (const std::exception& e) {
    throw std::runtime_error(cannot_open(path, e.what()) + advice);
  }
}

}  // namespace

std::unique_ptr<store> make_sqlite_store(const sqlite_options& options) {
  return std::make_unique<sqlite_store>(options);
}

sqlite_store::sqlite_store(const sqlite_options& options)
    : writer_(open_writer(options)),
      leases_(open_leases(options)),
      readers_(std::make_unique<sqlite::reader_pool>(options.path, options.readers, options.clock)) {}

sqlite_store::~sqlite_store() = default;

void sqlite_store::tidy_now_and_then(sqlite::connection& on) {
  // A write makes two rows at most, and one tidying deletes more than this many writes make: the table cannot grow
  // without end. The first write of a process tidies too, for programs that write little and end.
  constexpr unsigned writes_between = 64;
  if (writes_++ % writes_between != 0) return;
  tidy_outbox(on);
  sqlite::tidy_kept_replies(on);
}

result<void> sqlite_store::check() {
  return read("check", [](sqlite::connection& on) -> result<void> {
    on.use("SELECT 1 FROM users LIMIT 1").step();  // a table, so that the file itself is read
    return {};
  });
}

}  // namespace bookings

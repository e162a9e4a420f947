// A look at a store that changes nothing of it: it makes no file, no table and no index, and brings nothing up to date.
// For `doctor`; what serves requests opens a store (store.hpp).
//
// Each function throws std::runtime_error, or what is derived from it, and waits for five seconds at most where the URL
// of a database does not say otherwise. No text has a password in it. Not thread-safe.
#pragma once

#include "server/stores/store.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bookings {

namespace mongo {
struct name_map;
}

class store_inspection {
 public:
  virtual ~store_inspection() = default;

  // Of a store that has none, as MongoDB: absent.
  struct schema {
    int version = 0, newest = 0;
  };
  virtual std::optional<schema> find_schema() = 0;
  // Names of what this program's version of the schema has and the store has not.
  virtual std::vector<std::string> missing_indexes() = 0;
  virtual store::backlog backlog() = 0;
  virtual std::vector<store::lease> leases() = 0;

  // Of a store in a file; of others absent.
  struct room {
    std::uint64_t free_bytes = 0, file_bytes = 0, log_bytes = 0;
  };
  virtual std::optional<room> find_room() = 0;
  // What SQLite's quick check finds, "ok" where that is nothing. Absent: it was not done within the limit, or there is
  // none.
  virtual std::optional<std::string> quick_check(std::chrono::milliseconds limit) = 0;
};

// Throw where it cannot be opened. The file must be there.
std::unique_ptr<store_inspection> inspect_sqlite_store(const std::string& path);
std::unique_ptr<store_inspection> inspect_mongo_store(const std::string& url, const mongo::name_map& names);

}  // namespace bookings

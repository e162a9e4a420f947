// The tables, and how a file of an older version is brought up to date. Forward only: a file that a newer version wrote
// is refused, because this version would not keep the newer one's rules.
#pragma once

#include "server/stores/sqlite/connection.hpp"

#include <stdexcept>
#include <string>

namespace bookings::sqlite {

// The version that this program writes, kept in the file as PRAGMA user_version. 0: a new file.
int newest_schema() noexcept;

// The script that makes an empty file one of this version, but for its number. REQUIRES: 0 to newest_schema().
std::string schema_script(int version);

// The file is of a newer version; what() says which, and what to do.
struct newer_schema : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Brings the file to `wanted`, each step in a transaction of its own; several processes may call it at once. Older
// versions than the newest are for tests. Throws newer_schema or SQLite::Exception.
void migrate(connection& on, int wanted = newest_schema());

}  // namespace bookings::sqlite

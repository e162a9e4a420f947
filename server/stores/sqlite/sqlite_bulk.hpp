// A file of SQLite as the source or the target of a copy (server/stores/copy.hpp).
#pragma once

#include "server/stores/bulk.hpp"

#include <memory>
#include <string>

namespace bookings {

// The store in this file, which stays as it is. It must have this program's schema: an older one is refused.
std::unique_ptr<bulk_source> open_sqlite_source(const std::string& path);

// A store that is filled under another name, `path` with ".copying" behind it, and gets its own by finish(): under that
// there is a whole store or nothing. Refused where there is a file `path`, or another copy into it at work. One that was
// not finished goes on, if it was begun with the same `source`, a text that names it.
std::unique_ptr<bulk_target> open_sqlite_target(const std::string& path, const std::string& source);

}  // namespace bookings

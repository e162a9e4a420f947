// A database of MongoDB as the source or the target of a copy (server/stores/copy.hpp).
#pragma once

#include "server/stores/bulk.hpp"
#include "server/stores/mongo/mongo_store.hpp"

#include <memory>
#include <string>

namespace bookings {

// Writes that were committed there and not carried out are, first; else it stays as it is.
std::unique_ptr<bulk_source> open_mongo_source(const mongo_options& options);

// A mark in the database keeps servers from starting on it until finish(). Refused where it holds anything of this
// program's without that mark, or with one of another `source`, a text that names it. Two copies of one source at once
// are slower than one, and no harm.
std::unique_ptr<bulk_target> open_mongo_target(const mongo_options& options, const std::string& source);

namespace mongo {
// Throws std::runtime_error where a copy into this database was begun and not finished.
void refuse_unfinished_copy(link& on);
}  // namespace mongo

}  // namespace bookings

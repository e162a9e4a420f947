// The indexes that the store's queries and its rules rest on.
#pragma once

#include "server/stores/mongo/link.hpp"

#include <string>
#include <vector>

namespace bookings::mongo {

// Makes what is missing, and looks whether all are there. Throws std::runtime_error that names the index, says why it
// cannot be made (two documents where one may be) and what to do.
void ensure_indexes(link& on);
// Those that are missing, as "bookings.reprise_gig"; makes none.
std::vector<std::string> missing_indexes(link& on);

}  // namespace bookings::mongo

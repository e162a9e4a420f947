// Failures of a store's calls, for the log: a store that is away fails every call, and requests come by the thousand.
#pragma once

#include <string_view>

namespace bookings {

// Of each operation a line at once, then one in ten seconds with how many were left out. `operation` is a literal.
// Thread-safe.
void log_store_failure(const char* operation, std::string_view why);

}  // namespace bookings

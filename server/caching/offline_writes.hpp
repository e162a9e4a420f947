// For programs that write to the store without serving: `seed`, and what comes. Their writes too are done only when no
// server that runs on the store can show what was before.
#pragma once

#include "server/stores/store.hpp"

#include <string>
#include <vector>

namespace bookings::caching {

// Waits until every running server has taken notice of all that the outbox holds now; at once where none runs. Blocks.
// errc::not_acknowledged where that cannot be learned within some seconds.
result<void> wait_until_noticed(store& data);

// All prefixes that show something of the store, for store::fill().
std::vector<std::string> cached_prefixes();

// The same for what store::fill() wrote: until every running server works under its epochs too. It raises one more.
result<void> wait_until_filled(store& data);

}  // namespace bookings::caching

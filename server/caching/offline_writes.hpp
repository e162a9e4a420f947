// For programs that write to the store without serving: `seed`, and what comes. Their writes too are done only when no
// server that runs on the store can show what was before.
#pragma once

#include "server/stores/store.hpp"

namespace bookings::caching {

// Waits until every running server has taken notice of all that the outbox holds now; at once where none runs. Blocks.
// errc::not_acknowledged where that cannot be learned within some seconds.
result<void> wait_until_noticed(store& data);

}  // namespace bookings::caching

// The library's invalidation log over the store's outbox: rows hold changes, and the scopes of each are looked up when they
// are needed. Its calls go in the store's upkeep lane, so that a burst of requests cannot hold them up.
#pragma once

#include "reprise/invalidation_log.hpp"
#include "server/stores/async_store.hpp"

#include <memory>

namespace bookings::caching {

// `stores` must outlive it.
// One pass of the relay reads no more rows once they invalidate `most_scopes` together: a name that shows in a hundred
// thousand lists may have been changed very often.
std::shared_ptr<reprise::invalidation_log> make_store_log(async_store& stores, std::size_t most_scopes = 20'000);

}  // namespace bookings::caching

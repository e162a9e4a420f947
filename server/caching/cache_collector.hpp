// The cache's numbers for /metrics, under the names that docs/operations.md lists.
#pragma once

#include "reprise/response_cache.hpp"
#include "server/stores/store.hpp"

#include <prometheus/collectable.h>

#include <memory>

namespace bookings::caching {

// Both must outlive it. Collecting asks the store for the outbox's backlog.
std::shared_ptr<prometheus::Collectable> make_cache_collector(const reprise::response_cache& cache, store& data);

}  // namespace bookings::caching

// Profiles: a user as everybody sees them, through the cache, and what users change of themselves.
#pragma once

#include "server/caching/invalidations.hpp"
#include "server/http/router.hpp"
#include "server/stores/async_store.hpp"

namespace bookings::api {

// All must outlive the router.
void add_profile_routes(http::router& routes, async_store& stores, caching::invalidator& invalidate);

}  // namespace bookings::api

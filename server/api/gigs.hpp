// Gigs: what teachers offer. Reading is for everybody and cached; writing is the owner's.
#pragma once

#include "server/api/once.hpp"
#include "server/caching/invalidations.hpp"
#include "server/http/router.hpp"
#include "server/stores/async_store.hpp"

namespace bookings::api {

// All must outlive the router.
void add_gig_routes(http::router& routes, async_store& stores, caching::invalidator& invalidate, once& repeats);

}  // namespace bookings::api

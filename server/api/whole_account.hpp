// An account as a whole: all that is kept about it, for its owner, and its end.
#pragma once

#include "server/auth/passwords.hpp"
#include "server/caching/invalidations.hpp"
#include "server/http/router.hpp"
#include "server/stores/async_store.hpp"

namespace bookings::api {

// All must outlive the router.
void add_whole_account_routes(http::router& routes, async_store& stores, caching::invalidator& invalidate,
                              auth::password_pool& passwords);

}  // namespace bookings::api

// The trail of who did what, for admins. Never cached: it is asked when something is in doubt.
#pragma once

#include "server/http/router.hpp"
#include "server/stores/async_store.hpp"

namespace bookings::api {

// `stores` must outlive the router.
void add_trail_routes(http::router& routes, async_store& stores);

}  // namespace bookings::api

// Manual payments: students say that they paid, admins look whether they did. Not cached: few read them, and these must
// see what is so; what they change in bookings is invalidated. The rules are in server/domain/payment.hpp, and are
// asked inside the store's transactions.
#pragma once

#include "server/api/once.hpp"
#include "server/caching/invalidations.hpp"
#include "server/http/router.hpp"
#include "server/stores/async_store.hpp"

namespace bookings::api {

// All must outlive the router.
void add_manual_payment_routes(http::router& routes, async_store& stores, caching::invalidator& invalidate,
                               once& repeats);

}  // namespace bookings::api

// Bookings: the list that everything here was made for, and the writes that change it. The rules of who may do what are in
// server/domain/booking.hpp, and are applied inside the store's transactions.
#pragma once

#include "server/api/once.hpp"
#include "server/caching/invalidations.hpp"
#include "server/http/router.hpp"
#include "server/stores/async_store.hpp"

namespace bookings::api {

// All must outlive the router.
void add_booking_routes(http::router& routes, async_store& stores, caching::invalidator& invalidate, once& repeats);

}  // namespace bookings::api

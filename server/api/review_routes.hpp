// Reviews: lists by gig or by teacher, through the cache, and the one write that makes a review. Who may review what is
// in server/domain/review.hpp, and is asked inside the store's transaction.
#pragma once

#include "server/api/once.hpp"
#include "server/http/router.hpp"
#include "server/stores/async_store.hpp"

namespace bookings::api {

// All must outlive the router.
void add_review_routes(http::router& routes, async_store& stores, once& repeats);

}  // namespace bookings::api

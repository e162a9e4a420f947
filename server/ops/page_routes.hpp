// GET /dashboard and its files: the same for everybody. What they show is asked for with an admin's token.
#pragma once

#include "server/http/router.hpp"

namespace bookings::ops {

void add_page_routes(http::router& routes);

}  // namespace bookings::ops

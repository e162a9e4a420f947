// The stage of the pipeline that stands around the controllers of cached routes. A hit never reaches a controller: the
// stored bytes go out as they are, with `"cached":true` put in front of the first member.
#pragma once

#include "reprise/response_cache.hpp"
#include "server/http/pipeline.hpp"

namespace bookings::caching {

// Begins the lookup of a cached route's reply; empty where the route is not cached. `what` must outlive it.
reprise::response_cache::lookup prepare_lookup(reprise::response_cache& cache, const http::request& what,
                                               const http::route& where);

// `cache` must outlive the stage.
http::around_stage make_cache_stage(reprise::response_cache& cache);

}  // namespace bookings::caching

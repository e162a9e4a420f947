// What operators and their tools ask: health, readiness, metrics, and the cache's numbers.
#pragma once

#include "reprise/response_cache.hpp"
#include "server/http/router.hpp"
#include "server/ops/metrics.hpp"
#include "server/ops/readiness.hpp"
#include "server/stores/async_store.hpp"

#include <boost/asio/thread_pool.hpp>

namespace bookings::ops {

struct ops_parts {
  async_store& stores;
  reprise::response_cache& cache;
  metrics& numbers;
  boost::asio::thread_pool& slow;       // collecting asks the store, which blocks
  readiness& ready;
};

// All must outlive the router.
void add_ops_routes(http::router& routes, ops_parts parts);

}  // namespace bookings::ops

// Payments through the gateway: starting one, waiting for it, and what admins do with those that need a person.
//   POST /api/payments/init            student: 202, it is written down, and a job asks the gateway for the page
//   GET  /api/payments                 student: own; admin: all; ?status=
//   GET  /api/payments/:id             its student, admin; ?wait= seconds while it is ?while= (queued)
//   POST /api/payments/:id/refund      admin
//   POST /api/payments/:id/release     admin, of a held one
#pragma once

#include "server/api/once.hpp"
#include "server/caching/invalidations.hpp"
#include "server/http/router.hpp"
#include "server/payments/payment_watch.hpp"
#include "server/stores/async_store.hpp"

#include <functional>

namespace bookings::api {

struct payment_parts {
  async_store& stores;
  caching::invalidator& invalidate;
  once& repeats;
  payment_watch& watch;
  // A payment was written whose next step is due; empty where no gateway is set up: then none is started.
  std::function<void(const gateway_payment&, std::optional<reprise::trace_parent>)> begin;
};

// All must outlive the router.
void add_payment_routes(http::router& routes, payment_parts parts);

}  // namespace bookings::api

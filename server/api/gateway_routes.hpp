// What the payment gateway calls: its notification, and the customer's browser that it sends back with the same form.
//   POST /api/payments/sslcommerz/ipn                      the gateway
//   POST /api/payments/sslcommerz/success, fail, cancel    the customer's browser: a page that says how it stands
//
// Nothing of a form is believed but that there is something to ask the gateway for, and only where its signature is
// right (server/payments/notification.hpp). Until the answer to the notification the booking is settled for everybody.
#pragma once

#include "server/http/router.hpp"
#include "server/payments/payment_flow.hpp"
#include "server/payments/payment_gateway.hpp"

namespace bookings::api {

// All must outlive the router.
void add_gateway_routes(http::router& routes, payment_flow& flow, const payment_gateway& gateway);

}  // namespace bookings::api

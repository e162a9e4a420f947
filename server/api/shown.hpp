// Things as replies show them; each is defined beside the routes of its own. The export of an account shows them all.
#pragma once

#include "server/domain/booking.hpp"
#include "server/domain/gateway_payment.hpp"
#include "server/domain/gig.hpp"
#include "server/domain/payment.hpp"
#include "server/domain/review.hpp"

#include <boost/json/object.hpp>

namespace bookings::api {

boost::json::object to_json(const booking_view& what);
boost::json::object to_json(const gig& what);
boost::json::object to_json(const review_view& what);
// Students learn what was decided and why; which admin did it is for admins.
boost::json::object to_json(const manual_payment_view& what, role reader);

// How it is refunded, and where it stands at the gateway, is for admins.
boost::json::object to_json(const gateway_payment& what, role reader);

}  // namespace bookings::api

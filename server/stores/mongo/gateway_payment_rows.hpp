// A payment through the gateway as a document of its collection, which only this program knows.
#pragma once

#include "server/domain/gateway_payment.hpp"
#include "server/stores/mongo/document.hpp"

namespace bookings::mongo {

gateway_payment read_gateway_payment(const document& from);

// All members but "_id". What is absent is null, so that setting them takes away what was there.
document members_of(const gateway_payment& what);

}  // namespace bookings::mongo

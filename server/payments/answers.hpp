// The gateway's answers, as SSLCommerz v4 writes them: bytes in, what they say out. Pure.
//
// It answers errors with HTTP 200 and a status in the body, numbers as numbers or as texts, and now and then a page of
// HTML. What is no JSON object, or lacks what makes it an answer, is *unknown*; what says no is *refused*, with the
// gateway's words. Neither repeats anything else of the body.
#pragma once

#include "server/payments/payment_gateway.hpp"

#include <string_view>

namespace bookings {

// To a session request. Where the customer may be sent: to https:// alone, or to http:// on this machine too.
enum class customer_urls { secure, this_machine };
gateway_result<gateway_session> read_session_answer(std::string_view body, customer_urls allowed);

// To a validation: one transaction.
gateway_result<gateway_transaction> read_validation_answer(std::string_view body);

// To a query by transaction id: its attempts, at most 100 of them.
gateway_result<std::vector<gateway_transaction>> read_query_answer(std::string_view body);

// To a refund request and to a question about one.
gateway_result<gateway_refund> read_refund_answer(std::string_view body);

}  // namespace bookings

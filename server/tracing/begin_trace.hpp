// Whose trace a request is a part of: what its `traceparent` says, or a new one.
#pragma once

#include "server/http/request.hpp"
#include "server/tracing/sampler.hpp"

#include <memory>

namespace bookings::tracing {

// Null where the request brings no trace and none is recorded. `to` may be null: then a trace is passed on as it came.
std::unique_ptr<http::request_trace> begin_trace(const http::request& what, const sampler& which,
                                                 const std::shared_ptr<reprise::span_recorder>& to);

}  // namespace bookings::tracing

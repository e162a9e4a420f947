// A trace as text that goes with a job, for whoever works on it: {"traceparent":"…","tracestate":"…"}, as OpenTelemetry's
// propagators and BullMQ's own telemetry write it.
#pragma once

#include "reprise/trace.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace bookings::tracing {

std::string to_carrier(const reprise::trace_parent& from);
std::optional<reprise::trace_parent> parse_carrier(std::string_view text);  // absent for what is none

}  // namespace bookings::tracing

// Spans as a collector takes them: the JSON encoding of OTLP, for a POST to /v1/traces
// (https://opentelemetry.io/docs/specs/otlp/#otlphttp, opentelemetry-proto's trace/v1/trace.proto).
#pragma once

#include "reprise/trace.hpp"

#include <span>
#include <string>

namespace bookings::tracing {

// Who made the spans.
struct resource {
  std::string service, version, instance, deployment;
};

// One ExportTraceServiceRequest.
std::string to_otlp_json(std::span<const reprise::finished_span> spans, const resource& from);

}  // namespace bookings::tracing

// Which traces are recorded: OpenTelemetry's own samplers, by their names in OTEL_TRACES_SAMPLER.
#pragma once

#include "reprise/trace.hpp"

#include <cstdint>
#include <optional>

namespace bookings::tracing {

// Of a trace that begins here; `parent_based`: one that began elsewhere is recorded where it is there.
struct sampler {
  enum class kind { always_on, always_off, ratio };
  kind roots = kind::always_on;
  bool is_parent_based = true;
  double ratio = 1;  // of traces: every process that is asked about one says the same

  bool takes(const reprise::trace_parent& from, bool has_parent) const noexcept;
};

}  // namespace bookings::tracing

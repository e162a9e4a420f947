#include "server/tracing/sampler.hpp"

namespace bookings::tracing {
namespace {

// The last 56 bits are the random ones, by W3C Trace Context level 2.
std::uint64_t random_part(const reprise::trace_id& id) noexcept {
  std::uint64_t bits = 0;
  for (std::size_t at = 9; at < id.size(); ++at) bits = bits << 8 | id[at];
  return bits;
}

}  // namespace

bool sampler::takes(const reprise::trace_parent& from, bool has_parent) const noexcept {
  if (has_parent && is_parent_based) return from.is_sampled;
  switch (roots) {
    case kind::always_on: return true;
    case kind::always_off: return false;
    case kind::ratio: return static_cast<double>(random_part(from.trace)) < ratio * 0x1p56;
  }
  return false;
}

}  // namespace bookings::tracing

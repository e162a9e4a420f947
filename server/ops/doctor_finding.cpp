#include "server/ops/doctor_finding.hpp"

namespace bookings::ops {

std::string_view to_text(verdict is) noexcept {
  switch (is) {
    case verdict::good:
      return "good";
    case verdict::skipped:
      return "skipped";
    case verdict::warning:
      return "warning";
    case verdict::bad:
      return "bad";
  }
  return {};
}

}  // namespace bookings::ops

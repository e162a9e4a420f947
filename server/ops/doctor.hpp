// `bookings-server doctor`: what can be wrong between this process, Redis and the store, looked at one by one. This
// file composes the checks and tells of them; what is looked at and how it is judged is in the files doctor_*.
#pragma once

#include "server/ops/doctor_finding.hpp"
#include "server/ops/doctor_redis.hpp"
#include "server/ops/doctor_store.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <vector>

namespace bookings::ops {

struct gateway_patient {
  std::string base_url, public_url;
};
std::vector<examined> examine_gateway(const gateway_patient& patient);

verdict worst_of(const std::vector<examined>& all) noexcept;

// One line for each check, and one more for its advice. With colours where `is_terminal`.
std::string to_text(const std::vector<examined>& all, bool is_terminal);
// {"worst": "warning", "checks": [{"about": "cache", "check": "eviction", "verdict": "warning", "seen": "…", "advice":
// "…"}]}
boost::json::object to_json(const std::vector<examined>& all);

}  // namespace bookings::ops

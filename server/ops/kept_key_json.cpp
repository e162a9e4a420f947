#include "server/ops/kept_key_json.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <string_view>

namespace bookings::ops {
namespace {

std::string_view to_text(reprise::key_kind kind) {
  constexpr std::array<std::string_view, 5> names{"entry", "generation", "index", "lock", "other"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view to_text(reprise::key_state state) {
  constexpr std::array<std::string_view, 3> names{"current", "dead", "unknown"};
  return names[static_cast<std::size_t>(state)];
}

boost::json::value or_null(const std::optional<std::chrono::milliseconds>& time) {
  return time ? boost::json::value(time->count()) : boost::json::value();
}

}  // namespace

boost::json::object to_json(const reprise::kept_key& from) {
  return {{"key", from.key},
          {"scope", from.scope},
          {"kind", to_text(from.kind)},
          {"state", to_text(from.state)},
          {"size", from.size},
          {"ttlMilliseconds", or_null(from.ttl)},
          {"ageMilliseconds", or_null(from.age)}};
}

}  // namespace bookings::ops

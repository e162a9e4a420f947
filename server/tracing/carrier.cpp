#include "server/tracing/carrier.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace bookings::tracing {

namespace json = boost::json;

std::string to_carrier(const reprise::trace_parent& from) {
  json::object carrier{{"traceparent", reprise::to_traceparent(from)}};
  if (!from.state.empty()) carrier["tracestate"] = from.state;
  return json::serialize(carrier);
}

std::optional<reprise::trace_parent> parse_carrier(std::string_view text) {
  boost::system::error_code wrong;
  const auto value = json::parse(text, wrong);
  if (wrong || !value.is_object()) return std::nullopt;
  const auto member = [&](std::string_view name) -> std::string_view {
    const auto* found = value.get_object().if_contains(name);
    return found != nullptr && found->is_string() ? std::string_view(found->get_string()) : std::string_view();
  };
  auto found = reprise::parse_traceparent(member("traceparent"));
  if (found) found->state = member("tracestate");
  return found;
}

}  // namespace bookings::tracing

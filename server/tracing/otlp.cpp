#include "server/tracing/otlp.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <variant>

namespace bookings::tracing {
namespace {

namespace json = boost::json;

// Integers of 64 bits are strings, as in all of protobuf's JSON.
json::object attribute(std::string_view name, const reprise::span_value& value) {
  json::object shown;
  if (const auto* number = std::get_if<std::int64_t>(&value)) shown["intValue"] = std::to_string(*number);
  else shown["stringValue"] = std::get<std::string>(value);
  return {{"key", name}, {"value", std::move(shown)}};
}

int number_of(reprise::span_kind kind) noexcept {
  switch (kind) {
    case reprise::span_kind::internal: return 1;
    case reprise::span_kind::server: return 2;
    case reprise::span_kind::client: return 3;
    case reprise::span_kind::consumer: return 5;
  }
  return 0;
}

json::object to_json(const reprise::finished_span& one) {
  constexpr int status_error = 2, flag_sampled = 1;
  const auto began = std::chrono::duration_cast<std::chrono::nanoseconds>(one.began.time_since_epoch());
  json::object shown{{"traceId", reprise::to_hex(one.as.trace)},
                     {"spanId", reprise::to_hex(one.as.span)},
                     {"flags", flag_sampled},
                     {"name", one.name},
                     {"kind", number_of(one.kind)},
                     {"startTimeUnixNano", std::to_string(began.count())},
                     {"endTimeUnixNano", std::to_string((began + one.took).count())}};
  if (one.parent != reprise::span_id{}) shown["parentSpanId"] = reprise::to_hex(one.parent);
  if (!one.as.state.empty()) shown["traceState"] = one.as.state;
  json::array values;
  for (const auto& [name, value] : one.values) values.push_back(attribute(name, value));
  if (!values.empty()) shown["attributes"] = std::move(values);
  if (one.has_failed) shown["status"] = json::object{{"code", status_error}};
  return shown;
}

}  // namespace

std::string to_otlp_json(std::span<const reprise::finished_span> spans, const resource& from) {
  json::array who;
  for (const auto& [name, value] : {std::pair<std::string_view, const std::string*>{"service.name", &from.service},
                                    {"service.version", &from.version},
                                    {"service.instance.id", &from.instance},
                                    {"deployment.environment.name", &from.deployment}})
    who.push_back(attribute(name, *value));
  json::array all;
  all.reserve(spans.size());
  for (const auto& one : spans) all.push_back(to_json(one));
  json::object scope{{"scope", json::object{{"name", "reprise"}, {"version", from.version}}}, {"spans", std::move(all)}};
  json::object of_resource{{"resource", json::object{{"attributes", std::move(who)}}},
                           {"scopeSpans", json::array{std::move(scope)}}};
  return json::serialize(json::object{{"resourceSpans", json::array{std::move(of_resource)}}});
}

}  // namespace bookings::tracing

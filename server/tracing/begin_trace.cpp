#include "server/tracing/begin_trace.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace bookings::tracing {
namespace {

constexpr std::size_t most_state = 512;  // what everybody must pass on; more, nobody need

// One header or several, which together are one list (RFC 9110, section 5.3). What is no list of ours to read is not
// passed on in part: all of it or nothing.
std::string state_of(const boost::beast::http::fields& headers) {
  std::string state;
  const auto [first, last] = headers.equal_range("tracestate");
  for (auto at = first; at != last; ++at) {
    if (at->value().empty()) continue;
    if (!state.empty()) state += ',';
    state += at->value();
  }
  const bool is_printable = std::all_of(state.begin(), state.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  return state.size() <= most_state && is_printable ? state : std::string();
}

std::optional<reprise::trace_parent> parent_of(const boost::beast::http::fields& headers) {
  const auto [first, last] = headers.equal_range("traceparent");
  if (first == last || std::next(first) != last) return std::nullopt;  // of two, neither
  auto parent = reprise::parse_traceparent(first->value());
  if (parent) parent->state = state_of(headers);
  return parent;
}

}  // namespace

std::unique_ptr<http::request_trace> begin_trace(const http::request& what, const sampler& which,
                                                 const std::shared_ptr<reprise::span_recorder>& to) {
  auto from = parent_of(what.headers);
  const bool has_parent = from.has_value();
  if (!has_parent) {
    if (!to) return nullptr;
    from = reprise::make_trace(true);
  }
  const bool is_taken = to && which.takes(*from, has_parent);
  if (!is_taken && !has_parent) return nullptr;
  if (to) from->is_sampled = is_taken;
  return std::make_unique<http::request_trace>(std::make_shared<reprise::trace>(std::move(*from), is_taken ? to : nullptr));
}

}  // namespace bookings::tracing

// A request as controllers see it: parsed, within its limits, its identity verified. Owned by its session for as long
// as the pipeline runs; nothing may keep a reference beyond that. One thread at a time.
#pragma once

#include "reprise/response_cache.hpp"
#include "server/domain/repetition.hpp"
#include "server/domain/user.hpp"
#include "server/http/request_trace.hpp"

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/verb.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bookings::http {

// Decoded parameters in the order of the text; a name may stand more than once.
using parameters = std::vector<std::pair<std::string, std::string>>;

struct request {
  boost::beast::http::verb method = boost::beast::http::verb::unknown;
  std::string target;      // as sent: path and query
  std::string path;        // decoded, without the query
  parameters query;        // decoded; "+" is a space
  parameters path_values;  // what the route's ":name" segments matched
  boost::beast::http::fields headers;
  std::string body;
  std::string request_id;  // ours, or the client's X-Request-Id where it is 1 to 64 of [A-Za-z0-9._-]
  std::string remote_address;  // the client's, behind trusted proxies too; without a port
  std::optional<bookings::identity> identity;  // from the verified token alone
  std::optional<repetition_key> repetition;    // of a POST with an Idempotency-Key (server/api/once.hpp)
  // What the cache stage will serve from, where the session check has looked for it in its own round trip.
  reprise::response_cache::lookup looked_up;
  // Noted by the cache stage: how the cache answered. Absent: it was not asked.
  std::optional<reprise::outcome> cached_as;
  std::unique_ptr<request_trace> traced;  // null: it is no part of a trace

  // The path as it was sent: for the router, which splits it before it decodes it.
  std::string_view encoded_path() const noexcept { return std::string_view(target).substr(0, target.find('?')); }
  // The first value of a query parameter; absent where it is not there.
  std::optional<std::string_view> parameter(std::string_view name) const noexcept;
  // The value of a ":name" segment. REQUIRES: the route has it.
  const std::string& path_value(std::string_view name) const;
  // The same for a read that outlives it: everything but `looked_up` and `traced`.
  request copy() const;
  // The trace that what it leaves behind belongs to; absent where it is a part of none.
  std::optional<reprise::trace_parent> trace() const {
    return traced ? std::optional(traced->of->now()) : std::nullopt;
  }
  // A header's value, empty where it is not there.
  std::string_view header(boost::beast::http::field name) const { return headers[name]; }
};

// A new request id: 15 characters, not secret, unique for all purposes of a log.
std::string make_request_id();

// Is this a client's X-Request-Id that may be taken over: 1 to 64 of [A-Za-z0-9._-]?
bool is_request_id(std::string_view text) noexcept;

}  // namespace bookings::http

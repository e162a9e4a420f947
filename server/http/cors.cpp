#include "server/http/cors.hpp"

#include <boost/beast/http/field.hpp>

#include <algorithm>

namespace bookings::http {
namespace {

using field = boost::beast::http::field;

constexpr std::string_view request_headers =
    "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-Id";
constexpr std::string_view reply_headers =
    "Age, Cache-Status, ETag, Idempotency-Replayed, Retry-After, X-Cache, X-Request-Id";
constexpr std::string_view preflight_seconds = "7200";  // the most that Chromium keeps one

}  // namespace

bool cors::is_allowed(std::string_view origin) const {
  return !origin.empty() && std::find(origins_.begin(), origins_.end(), origin) != origins_.end();
}

bool cors::is_preflight(const request& what) const {
  return what.method == boost::beast::http::verb::options && is_allowed(what.header(field::origin)) &&
         !what.header(field::access_control_request_method).empty();
}

reply cors::preflight(const std::vector<std::string>& methods) {
  std::string list;
  for (const auto& method : methods) list.append(list.empty() ? "" : ", ").append(method);
  reply answer;
  answer.status = 204;
  answer.set("Access-Control-Allow-Methods", list);
  answer.set("Access-Control-Allow-Headers", request_headers);
  answer.set("Access-Control-Max-Age", preflight_seconds);
  return answer;
}

void cors::add_headers(reply& answer, std::string_view origin) const {
  if (origins_.empty()) return;
  answer.headers.add_to_list("Vary", "Origin");
  if (!is_allowed(origin)) return;
  answer.set("Access-Control-Allow-Origin", origin);
  answer.set("Access-Control-Expose-Headers", reply_headers);
}

}  // namespace bookings::http

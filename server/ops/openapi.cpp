#include "server/ops/openapi.hpp"

#include "server/ops/openapi_files.hpp"

#include <fmt/format.h>
#include <boost/beast/http/verb.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <cctype>
#include <map>

namespace bookings::ops {
namespace {

namespace json = boost::json;
using http::access;

// What an operation's `security` says of who may call it, in the words of access.
std::string who_of(const json::array& alternatives) {
  std::string who;
  for (const auto& each : alternatives) {
    const auto& schemes = each.as_object();
    if (schemes.empty()) return std::string(to_text(access::anyone));
    const auto& roles = schemes.at("token").as_array();
    who += who.empty() ? "" : " or ";
    who += roles.empty() ? to_text(access::signed_in) : std::string_view(roles.at(0).as_string());
  }
  return who;
}

// "/api/gigs/{id}" as a route's pattern: "/api/gigs/:id".
std::string pattern_of(std::string_view path) {
  std::string pattern;
  for (const char c : path) {
    if (c == '}') continue;
    pattern += c == '{' ? ':' : c;
  }
  return pattern;
}

struct operation {
  std::string who;
  bool is_demo_only = false;  // only `serve --demo` has it
};

// By "GET /api/gigs/:id".
std::map<std::string, operation> operations_of(std::string_view document) {
  std::map<std::string, operation> found;
  const auto whole = json::parse(document);
  for (const auto& path : whole.at("paths").as_object()) {
    for (const auto& each : path.value().as_object()) {
      if (each.key() == "parameters") continue;  // of all its operations
      std::string method(each.key());
      std::transform(method.begin(), method.end(), method.begin(), [](unsigned char c) { return std::toupper(c); });
      const auto& described = each.value().as_object();
      found[method + " " + pattern_of(path.key())] = {who_of(described.at("security").as_array()),
                                                      described.contains("x-only-in-demo")};
    }
  }
  return found;
}

}  // namespace

std::string_view openapi_document() noexcept {
  for (const auto& each : openapi_files()) {
    if (each.name == "openapi.json") return each.plain;
  }
  return "{}";  // not reached: it is embedded always
}

std::vector<std::string> openapi_differences(std::string_view document, const http::router& routes) {
  std::vector<std::string> wrong;
  auto described = operations_of(document);
  for (const auto& route : routes.routes()) {
    const auto name = fmt::format("{} {}", std::string_view(to_string(route->method)), route->pattern);
    const auto found = described.find(name);
    if (found == described.end()) {
      wrong.push_back(fmt::format("{} is served, and api/openapi.json has not got it", name));
      continue;
    }
    const auto& who = found->second.who;
    if (who != to_text(route->who))
      wrong.push_back(fmt::format("{} is for {}, and by api/openapi.json for {}", name, to_text(route->who), who));
    described.erase(found);
  }
  for (const auto& [name, operation] : described) {
    if (!operation.is_demo_only) wrong.push_back(fmt::format("{} is in api/openapi.json, and not served", name));
  }
  return wrong;
}

}  // namespace bookings::ops

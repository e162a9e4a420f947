#include "server/ops/doctor.hpp"

#include "server/config_values.hpp"
#include "server/ops/doctor_network.hpp"
#include "server/ops/log_text.hpp"

#include <fmt/format.h>
#include <boost/json/array.hpp>

#include <algorithm>
#include <cstdlib>

namespace bookings::ops {
namespace {

constexpr std::chrono::milliseconds reach_limit{3000};

bool is_loopback(const std::string& host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

bool has_proxy() {
  for (const auto* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
    if (const auto* value = std::getenv(name); value != nullptr && *value != 0) return true;
  return false;
}

finding judge_public_url(const std::string& url) {
  const auto parsed = parse_http_url(url);
  if (!parsed) return warning("PUBLIC_URL is not set", "set it to where browsers and the gateway reach this server");
  if (is_loopback(parsed->authority.host))
    return warning(
        url,
        "the gateway cannot reach it, so payments are noticed late, by asking: set PUBLIC_URL to a public address");
  return good(url);
}

finding judge_base_url(const std::string& url) {
  const auto parsed = parse_http_url(url);
  if (!parsed) return bad("SSLCOMMERZ_BASE_URL is no URL", "correct it");
  if (has_proxy() && !is_loopback(parsed->authority.host)) return skipped("it is reached through a proxy");
  const auto addresses = look_up(parsed->authority.host, reach_limit);
  if (!addresses.why.empty())
    return bad(parsed->authority.host + ": " + addresses.why,
               "correct SSLCOMMERZ_BASE_URL, or see this machine's resolver");
  std::string why;
  for (const auto& each : addresses.addresses) {
    const auto found = reach(each, parsed->authority.port, reach_limit);
    if (found.why.empty())
      return good(url + (url.find("sandbox") != url.npos ? " (no money moves there)" : "") + " can be reached");
    why = found.why;
  }
  return bad(url + ": " + why, "see that this machine may connect to it");
}

// Some of it was said by servers: it must not send a terminal its commands, and JSON has no bytes but UTF-8.
std::string one_line(std::string_view words) {
  std::string text;
  append_as_text(text, words);
  return text;
}

std::string colour_of(verdict is) {
  switch (is) {
    case verdict::good:
      return "\x1b[32m";
    case verdict::skipped:
      return "\x1b[2m";
    case verdict::warning:
      return "\x1b[33m";
    case verdict::bad:
      return "\x1b[31m";
  }
  return {};
}

}  // namespace

std::vector<examined> examine_gateway(const gateway_patient& patient) {
  return {{"gateway", "address", judge_base_url(patient.base_url)},
          {"gateway", "public url", judge_public_url(patient.public_url)}};
}

verdict worst_of(const std::vector<examined>& all) noexcept {
  auto worst = verdict::good;
  for (const auto& each : all)
    if (each.found.is != verdict::skipped) worst = std::max(worst, each.found.is);
  return worst;
}

std::string to_text(const std::vector<examined>& all, bool is_terminal) {
  std::string text, about;
  for (const auto& each : all) {
    if (each.about != about) text += (about.empty() ? "" : "\n") + each.about + "\n";
    about = each.about;
    const auto is = std::string(to_text(each.found.is));
    text += fmt::format("  {}{:<8}{} {:<12} {}\n", is_terminal ? colour_of(each.found.is) : "", is,
                        is_terminal ? "\x1b[0m" : "", each.check, one_line(each.found.seen));
    if (!each.found.advice.empty()) text += fmt::format("{:24}-> {}\n", "", one_line(each.found.advice));
  }
  std::size_t counts[4] = {};
  for (const auto& each : all) ++counts[static_cast<std::size_t>(each.found.is)];
  return text + fmt::format("\n{} good, {} warnings, {} bad, {} skipped\n", counts[0], counts[2], counts[3], counts[1]);
}

boost::json::object to_json(const std::vector<examined>& all) {
  boost::json::array checks;
  for (const auto& each : all) {
    boost::json::object one{{"about", each.about},
                            {"check", each.check},
                            {"verdict", to_text(each.found.is)},
                            {"seen", one_line(each.found.seen)}};
    if (!each.found.advice.empty()) one["advice"] = one_line(each.found.advice);
    checks.push_back(std::move(one));
  }
  return {{"worst", to_text(worst_of(all))}, {"checks", std::move(checks)}};
}

}  // namespace bookings::ops

#include "server/caching/table_fingerprint.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>

namespace bookings::caching {
namespace {

// Ids that no change of a table can confuse with one another.
const id changed = "000000000000000000000001";
const showing sample{.booking_lists = {"000000000000000000000002"},
                     .gig_pages = {"000000000000000000000003"},
                     .review_lists = {"000000000000000000000004"}};

std::string names_of(const std::vector<reprise::scope>& scopes) {
  std::vector<std::string> names;
  for (const auto& one : scopes) names.push_back(one.name());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return fmt::format("{}", fmt::join(names, " "));
}

std::string line_of(change_kind kind, const invalidation_table& table) {
  const change what{kind, kind == change_kind::scope ? "bookings:user:" + changed : changed};
  return fmt::format("{} touches {}, and shown elsewhere {}{}", to_text(what), names_of(table.scopes(what, {})),
                     names_of(table.scopes(what, sample)), is_shown_elsewhere(what) ? ", looked for" : "");
}

std::string line_of(const cached_route& route) {
  return fmt::format("{} under {}, audience {}, thing \"{}\" or {}, varies by {}", route.pattern, route.policy.prefix,
                     static_cast<int>(route.policy.audience), route.thing, fmt::join(route.thing_query, ","),
                     fmt::join(route.policy.vary_query, ","));
}

}  // namespace

invalidation_table present_table() { return {known_change_kinds(), scopes_of, cached_routes(), reply_form, http::present_api_style()}; }

std::string fingerprint_of(const invalidation_table& what) {
  std::vector<std::string> lines;
  for (const auto kind : what.kinds) lines.push_back(line_of(kind, what));
  for (const auto& route : what.routes) lines.push_back(line_of(route));
  lines.push_back(fmt::format("form {}", what.form));
  if (what.style != http::api_style::plain) lines.push_back(fmt::format("style {}", static_cast<int>(what.style)));
  std::sort(lines.begin(), lines.end());
  const auto text = fmt::format("{}", fmt::join(lines, "\n"));

  std::array<unsigned char, crypto_generichash_BYTES_MIN> digest;
  crypto_generichash(digest.data(), digest.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
  std::array<char, 17> hex;
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), 8);
  return hex.data();
}

}  // namespace bookings::caching

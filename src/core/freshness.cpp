#include "src/core/freshness.hpp"

#include <algorithm>

namespace reprise::core {

bool has_stamp(std::string_view generation, std::string_view stamp) noexcept {
  return !stamp.empty() && generation.size() > stamp.size() && generation.starts_with(stamp);
}

judged judge(const std::optional<std::string_view>& generation, const std::optional<std::string_view>& entry,
             std::string_view stamp, wall_time now) noexcept {
  if (!generation || !entry) return {verdict::absent, {}};
  if (!has_stamp(*generation, stamp)) return {verdict::foreign, {}};
  const auto decoded = decode_entry(*entry);
  if (!decoded) return {verdict::undecodable, {}};
  const auto what = judge(generation, *decoded, stamp, now);
  return {what, what == verdict::hit || what == verdict::expired ? *decoded : decoded_entry()};
}

verdict judge(const std::optional<std::string_view>& generation, const decoded_entry& entry, std::string_view stamp,
              wall_time now) noexcept {
  if (!generation) return verdict::absent;
  if (!has_stamp(*generation, stamp)) return verdict::foreign;
  if (entry.header.generation != *generation) return verdict::outdated;
  return now < entry.header.fresh_until ? verdict::hit : verdict::expired;
}

use use_of(const judged& what, const leeway& allowed, wall_time now) noexcept {
  const auto& header = what.entry.header;
  if (what.what == verdict::hit) return is_due(header, now, allowed.early_refresh) ? use::serve_and_refresh : use::serve;
  if (what.what != verdict::expired) return use::read;
  if (is_within(header, now, allowed.stale_while_revalidate)) return use::serve_and_refresh;
  return is_within(header, now, allowed.stale_if_error) ? use::read_or_serve : use::read;
}

std::chrono::seconds age_of(const entry_header& header, wall_time now) noexcept {
  return std::max(std::chrono::duration_cast<std::chrono::seconds>(now - header.created), std::chrono::seconds(0));
}

std::chrono::seconds remaining(const entry_header& header, wall_time now) noexcept {
  return std::chrono::floor<std::chrono::seconds>(header.fresh_until - now);
}

bool is_due(const entry_header& header, wall_time now, double part) noexcept {
  if (part <= 0) return false;
  const auto whole = std::chrono::duration<double, std::milli>(header.fresh_until - header.created);
  return header.fresh_until - now <= whole * part;
}

bool is_within(const entry_header& header, wall_time now, std::chrono::seconds after) noexcept {
  return now < header.fresh_until + after;
}

std::chrono::milliseconds shortened(std::chrono::milliseconds ttl, double part, double random) noexcept {
  return ttl - std::chrono::duration_cast<std::chrono::milliseconds>(ttl * (part * random));
}

}  // namespace reprise::core

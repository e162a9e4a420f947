// A hash of what invalidates what: reprise::options::table. Two versions of the server whose fingerprints differ can run
// side by side during a rolling upgrade: neither serves what the other has cached, and a write through either waits until
// both tables were applied to it (docs/consistency.md, "Two versions side by side"). So can two of different API_STYLE.
#pragma once

#include "server/caching/cached_routes.hpp"
#include "server/caching/invalidations.hpp"
#include "server/http/api_style.hpp"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace bookings::caching {

// Raise it when a cached reply shows something that it did not show before, or when the store's places_showing() finds
// other places: the two things that no table says. Then older versions are kept apart.
inline constexpr unsigned reply_form = 1;

// What goes into the hash; a test can hand in another one.
struct invalidation_table {
  std::span<const change_kind> kinds;
  std::function<std::vector<reprise::scope>(const change&, const showing&)> scopes;
  std::vector<cached_route> routes;
  unsigned form = reply_form;
  http::api_style style = http::api_style::plain;  // in which entries are written
};
invalidation_table present_table();

// 16 hex digits. Equal on every machine for equal tables; the order of lines and of scopes makes no difference, and neither
// do times to live and sizes, which invalidate nothing.
std::string fingerprint_of(const invalidation_table& what);

}  // namespace bookings::caching

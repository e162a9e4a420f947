// The dashboard's files, made from web/ at build time and part of the program. None where it was built without Node.js.
#pragma once

#include <span>
#include <string_view>

namespace bookings::ops {

struct page_asset {
  std::string_view name;  // "app-1a2b3c4d.js": the hash of its content is in the name; "index.html" alone has none
  std::string_view content_type;
  std::string_view plain, gzip;  // the same content twice
  std::string_view tag;          // of an ETag
};

std::span<const page_asset> page_assets() noexcept;

}  // namespace bookings::ops

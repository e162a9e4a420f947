// The API's description and the page that renders it, made from api/ and web-docs/ at build time and part of the
// program. The page's files are not there where it was built without npm.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace bookings::ops {

struct openapi_file {
  std::string_view name;  // "openapi.json", "index.html"
  std::string_view content_type;
  std::string_view plain, gzip;  // the same content twice
  std::string_view tag;          // of an ETag: the beginning of the content's hash
};

std::span<const openapi_file> openapi_files() noexcept;

}  // namespace bookings::ops

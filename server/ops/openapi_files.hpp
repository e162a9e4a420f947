// The API's description and the page that renders it, made from api/ and web-docs/ at build time and part of the
// program. The page's files are not there where it was built without npm.
#pragma once

#include "server/ops/embedded_files.hpp"

#include <cstddef>
#include <span>

namespace bookings::ops {

using openapi_file = embedded_file;  // "openapi.json", "index.html"

std::span<const openapi_file> openapi_files() noexcept;

}  // namespace bookings::ops

// The dashboard's files, made from web/ at build time and part of the program. None where it was built without Node.js.
#pragma once

#include "server/ops/embedded_files.hpp"

#include <span>

namespace bookings::ops {

// "app-1a2b3c4d.js": the hash of its content is in the name; "index.html" alone has none.
using page_asset = embedded_file;

std::span<const page_asset> page_assets() noexcept;

}  // namespace bookings::ops

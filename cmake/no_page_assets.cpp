// In the place of the dashboard's files where the program is built without Node.js.
#include "server/ops/page_assets.hpp"

namespace bookings::ops {

std::span<const page_asset> page_assets() noexcept { return {}; }

}  // namespace bookings::ops

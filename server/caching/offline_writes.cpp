#include "server/caching/offline_writes.hpp"

#include "reprise/response_cache.hpp"
#include "server/caching/cached_routes.hpp"
#include "server/caching/store_log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <functional>
#include <limits>

namespace bookings::caching {
namespace {

// Has it done by a cache that uses no Redis itself, on this thread.
result<void> wait_for(store& data, const std::function<boost::asio::awaitable<reprise::result<void>>(reprise::response_cache&)>& what) {
  boost::asio::io_context io;
  async_store stores(data, {});
  reprise::response_cache cache({}, nullptr, make_store_log(stores), nullptr, nullptr);
  auto told = boost::asio::co_spawn(io, what(cache), boost::asio::use_future);
  io.run();
  if (!told.get()) return errc::not_acknowledged;
  return {};
}

}  // namespace

result<void> wait_until_noticed(store& data) {
  const auto pass = data.read_pass({"nobody", std::chrono::milliseconds{0}, std::numeric_limits<std::size_t>::max()});
  if (!pass) return pass.error();
  std::vector<std::int64_t> rows;
  for (const auto& row : pass->rows) rows.push_back(row.number);
  if (rows.empty()) return {};
  return wait_for(data, [&](reprise::response_cache& cache) { return cache.await_acknowledged(std::move(rows)); });
}

std::vector<std::string> cached_prefixes() {
  std::vector<std::string> all;
  for (const auto& each : cached_routes())
    if (std::ranges::find(all, each.policy.prefix) == all.end()) all.push_back(each.policy.prefix);
  return all;
}

result<void> wait_until_filled(store& data) {
  if (const auto noticed = wait_until_noticed(data); !noticed) return noticed;
  // Epochs only grow: whoever works under this one works under all of before.
  return wait_for(data, [](reprise::response_cache& cache) { return cache.invalidate_all(cached_prefixes().front()); });
}

}  // namespace bookings::caching

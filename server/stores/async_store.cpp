#include "server/stores/async_store.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>

namespace bookings {

async_store::async_store(store& target, async_store_options options)
    : target_(target),
      options_(std::move(options)),
      reads_(std::max<std::size_t>(options_.readers, 1)),
      writes_(std::max<std::size_t>(options_.writers, 1)),
      upkeep_(1),
      records_(1) {}

async_store::~async_store() {
  for (lane* each : {&reads_, &writes_, &upkeep_, &records_}) each->threads.stop();
  for (lane* each : {&reads_, &writes_, &upkeep_, &records_}) each->threads.join();
}

async_store::place async_store::enter(lane& into) const noexcept {
  if (into.calls.fetch_add(1) < options_.most_calls) return place(&into);
  into.calls.fetch_sub(1);
  return nullptr;
}

void async_store::count(std::string_view operation) const {
  if (options_.on_operation) options_.on_operation(operation);
}

asio::awaitable<void> async_store::wait(std::chrono::milliseconds delay) {
  asio::steady_timer timer(co_await asio::this_coro::executor, delay);
  boost::system::error_code cancelled;  // the answer is there already: it is given all the same
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

errc async_store::log_current_exception(std::string_view operation) noexcept {
  try {
    throw;
  } catch (const std::exception& e) {
    spdlog::error("[Store] {} threw: {}", operation, e.what());
  } catch (...) {
    spdlog::error("[Store] {} threw something that is no exception", operation);
  }
  return errc::internal;
}

}  // namespace bookings

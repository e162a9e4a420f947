#include "server/http/shard.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>

#include <spdlog/spdlog.h>

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>

namespace bookings::http {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// A deadline is met this much late at worst. A quarter of the shortest one keeps its meaning, where tests shorten them.
std::chrono::milliseconds sweep_interval(const session_limits& limits) {
  const auto shortest =
      std::min({limits.request_timeout, limits.idle_timeout, limits.write_timeout, limits.linger_timeout});
  return std::clamp(shortest / 4, 5ms, 250ms);
}

asio::ip::tcp family_of(int connection) noexcept {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(connection, reinterpret_cast<sockaddr*>(&address), &size);
  return address.ss_family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4();
}

// What ends a coroutine that nobody waits for.
void log_escaped(std::exception_ptr escaped) {
  if (!escaped) return;
  try {
    std::rethrow_exception(escaped);
  } catch (const std::exception& error) {
    spdlog::error("[Server] A connection ended with an exception: {}", error.what());
  }
}

}  // namespace

descriptor::~descriptor() {
  if (number_ >= 0) ::close(number_);
}

shard::shard(asio::io_context& context, std::shared_ptr<const session_host> host)
    : context_(context), host_(std::move(host)) {}

void shard::start_sweep() {
  asio::co_spawn(
      context_, [self = shared_from_this()] { return self->sweep(); },
      [self = shared_from_this()](std::exception_ptr escaped) { log_escaped(escaped); });
}

void shard::adopt(descriptor connection) {
  session::socket_type socket(context_);
  boost::system::error_code error;
  socket.assign(family_of(connection.get()), connection.get(), error);
  if (error) {
    spdlog::warn("[Server] A connection could not be taken over: {}", error.message());
    connections_.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  connection.release();
  auto client = std::make_shared<session>(std::move(socket), host_);
  // The lambdas keep the shard and the session alive for as long as the coroutine runs.
  asio::co_spawn(
      context_, [self = shared_from_this(), client] { return self->serve(client); },
      [self = shared_from_this()](std::exception_ptr escaped) { log_escaped(escaped); });
}

void shard::close_idle() {
  for (auto* client : sessions_) client->close_if_idle();
}

void shard::close_all() {
  for (auto* client : sessions_) client->close();
}

asio::awaitable<void> shard::serve(std::shared_ptr<session> client) {
  // Signs off wherever the coroutine ends, also where its io_context destroys it.
  struct entry {
    shard& owner;
    std::list<session*>::iterator at;
    ~entry() {
      owner.sessions_.erase(at);
      owner.connections_.fetch_sub(1, std::memory_order_relaxed);
    }
  };
  const entry signed_on{*this, sessions_.insert(sessions_.end(), client.get())};
  co_await client->run();
}

asio::awaitable<void> shard::sweep() {
  const auto interval = sweep_interval(host_->limits);
  asio::steady_timer timer(context_);
  while (!host_->draining.load(std::memory_order_relaxed) || connections() > 0) {
    timer.expires_after(interval);
    const auto [error] = co_await timer.async_wait(asio::as_tuple(asio::deferred));
    if (error) co_return;
    const auto now = session::clock::now();
    for (auto* client : sessions_) client->check_deadline(now);
  }
}

}  // namespace bookings::http

#include "server/http/listener.hpp"

#include "server/http/reply_head.hpp"
#include "server/http/shard.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <spdlog/spdlog.h>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

namespace bookings::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using namespace std::chrono_literals;

namespace {

constexpr auto awaited = asio::as_tuple(asio::deferred);

constexpr auto accept_pause =
    100ms;  // after EMFILE and the like: a descriptor may come free, and nothing spins till then
constexpr int accepts_in_a_row = 64;  // then the accepting thread's own connections get their turn
constexpr auto drain_look = 5ms;      // how often drain() looks whether all is closed
constexpr auto drain_grace = 200ms;   // for sockets closed at the deadline to be reported to their sessions

tcp::endpoint resolve(asio::io_context& context, const std::string& host, std::uint16_t port) {
  boost::system::error_code not_an_address;
  if (const auto address = asio::ip::make_address(host, not_an_address); !not_an_address) return {address, port};
  tcp::resolver resolver(context);
  return resolver.resolve(host, std::to_string(port), tcp::resolver::passive).begin()->endpoint();
}

// One connection too many: it learns why, and is closed. Nothing here waits; a client that does not take these few
// bytes at once does without.
void turn_away(descriptor connection) {
  const auto request_id = make_request_id();
  const auto answer = failure(errc::overloaded, request_id);
  std::string text;
  append_head(text, answer, request_id, connection_header::close);
  text.append(answer.body);
  ::send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::shutdown(connection.get(), SHUT_WR);
  // Closing with unread bytes would make the kernel send a reset, which can overtake the reply.
  std::array<char, 4096> scratch;
  while (::recv(connection.get(), scratch.data(), scratch.size(), MSG_DONTWAIT) > 0) {
  }
}

}  // namespace

// Shared with the accepting coroutine, so that neither outlives the other's data.
struct listener::state : std::enable_shared_from_this<listener::state> {
  using acceptor_type = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;

  state(io_threads& threads, const listener_options& wanted, request_handler handle)
      : context(threads.context(0)), acceptor(context), most_connections(wanted.most_connections) {
    auto shared = std::make_shared<session_host>();
    shared->handle = std::move(handle);
    shared->limits = wanted.limits;
    shared->proxies = wanted.proxies;
    shared->origins = wanted.origins;
    host = shared;
    for (std::size_t index = 0; index < threads.size(); ++index) {
      shards.push_back(std::make_shared<shard>(threads.context(index), host));
    }
  }

  void open(const listener_options& wanted);
  std::size_t connections() const noexcept;
  asio::awaitable<void> accept_all();
  int accept_some();
  void deal(descriptor connection);

  asio::io_context& context;  // of the first thread, which accepts
  acceptor_type acceptor;     // used on that thread only, once it accepts
  std::uint16_t port = 0;
  std::size_t most_connections;
  std::shared_ptr<session_host> host;
  std::vector<std::shared_ptr<shard>> shards;
  std::size_t next_shard = 0;
};

void listener::state::open(const listener_options& wanted) {
  const auto endpoint = resolve(context, wanted.host, wanted.port);
  acceptor.open(endpoint.protocol());
  acceptor.set_option(asio::socket_base::reuse_address(true));
  acceptor.bind(endpoint);
  acceptor.listen(asio::socket_base::max_listen_connections);
  acceptor.non_blocking(true);
  port = acceptor.local_endpoint().port();
}

std::size_t listener::state::connections() const noexcept {
  std::size_t sum = 0;
  for (const auto& each : shards) sum += each->connections();
  return sum;
}

asio::awaitable<void> listener::state::accept_all() {
  asio::steady_timer pause(context);
  bool warned = false;
  while (acceptor.is_open()) {
    const auto [error] = co_await acceptor.async_wait(tcp::acceptor::wait_read, awaited);
    if (error) break;  // closed
    const int failed = accept_some();
    if (failed != 0) {
      if (!warned) spdlog::warn("[Server] Connections cannot be accepted: {}", std::generic_category().message(failed));
      pause.expires_after(accept_pause);
      co_await pause.async_wait(awaited);
    }
    warned = failed != 0;
  }
}

// Accepts what waits. Returns an errno for which it helps to pause, or 0.
//
// With accept4 rather than Asio's own accept: a socket object made here would be registered with this thread's reactor,
// and a connection must only ever touch the reactor of the thread that it goes to.
int listener::state::accept_some() {
  for (int count = 0; count < accepts_in_a_row && acceptor.is_open(); ++count) {
    const int number = ::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (number >= 0) {
      deal(descriptor(number));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return 0;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      return errno;
    }
    // The rest (accept(2), "Error handling") concerns a connection that is gone already: the next one.
  }
  return 0;
}

void listener::state::deal(descriptor connection) {
  if (connections() >= most_connections) return turn_away(std::move(connection));
  auto& to = *shards[next_shard];
  next_shard = (next_shard + 1) % shards.size();
  to.expect_connection();
  to.post([connection = std::move(connection)](shard& here) mutable { here.adopt(std::move(connection)); });
}

listener::listener(io_threads& threads, listener_options options, request_handler handle)
    : state_(std::make_shared<state>(threads, options, std::move(handle))) {
  state_->open(options);
}

listener::~listener() {
  // The coroutine holds the state; it ends when the acceptor closes, or with its io_context.
  asio::post(state_->context, [state = state_] {
    boost::system::error_code ignored;
    state->acceptor.close(ignored);
  });
}

void listener::start() {
  for (auto& each : state_->shards) each->post([](shard& here) { here.start_sweep(); });
  asio::co_spawn(
      state_->context, [state = state_] { return state->accept_all(); },
      [state = state_](std::exception_ptr escaped) {
        if (escaped) std::rethrow_exception(escaped);  // a broken invariant: ends the thread, and the program
      });
}

std::uint16_t listener::port() const noexcept { return state_->port; }

std::size_t listener::connections() const noexcept { return state_->connections(); }

asio::awaitable<void> listener::drain(std::chrono::steady_clock::time_point deadline) {
  // First the mark, then the closing: a session that goes idle in between sees the mark itself.
  state_->host->draining.store(true);
  asio::post(state_->context, [state = state_] {
    boost::system::error_code ignored;
    state->acceptor.close(ignored);
  });
  for (auto& each : state_->shards) each->post([](shard& here) { here.close_idle(); });

  asio::steady_timer timer(co_await asio::this_coro::executor);
  const auto wait_until = [&](std::chrono::steady_clock::time_point end) -> asio::awaitable<void> {
    while (connections() > 0 && std::chrono::steady_clock::now() < end) {
      timer.expires_after(drain_look);
      co_await timer.async_wait(awaited);
    }
  };
  co_await wait_until(deadline);
  if (connections() == 0) co_return;
  spdlog::warn("[Server] {} connections are still open at the end of the drain: closing them", connections());
  for (auto& each : state_->shards) each->post([](shard& here) { here.close_all(); });
  co_await wait_until(std::chrono::steady_clock::now() + drain_grace);
}

}  // namespace bookings::http

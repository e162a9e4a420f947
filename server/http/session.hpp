// One client connection: HTTP/1.1 and 1.0, keep-alive, pipelined requests strictly in order (the next one is not even
// parsed before the reply to the last one is written).
//
// A request that breaks a limit or the protocol is answered in the JSON form of failures and the connection is closed:
// its end, and so the next request's beginning, cannot be trusted.
//
// Thread safety: everything here runs on the thread of the socket's io_context. Deadlines are not timers but points in
// time that the listener's sweep holds against the clock: a timer for each read and write would cost more than parsing.
#pragma once

#include "server/http/client_address.hpp"
#include "server/http/cors.hpp"
#include "server/http/reply.hpp"
#include "server/http/reply_head.hpp"
#include "server/http/request.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace bookings::http {

struct session_limits {
  // sizes
  std::size_t header_bytes = 16 * 1024;  // request line and headers together; else 431
  std::size_t target_bytes = 8 * 1024;   // else 414
  std::size_t body_bytes = 64 * 1024;    // else 413
  // times
  std::chrono::milliseconds request_timeout{10'000};  // from a request's first byte to its last; else 408
  std::chrono::milliseconds idle_timeout{60'000};     // before a request's first byte; then closed without a word
  std::chrono::milliseconds write_timeout{10'000};    // without the client taking a single byte; then closed
  std::chrono::milliseconds linger_timeout{1'000};    // see session::linger()
};

// Answers a request. Runs on the session's thread; the request lives until it returns.
using request_handler = std::function<boost::asio::awaitable<reply>(request&)>;

// What all sessions of a listener share. `draining` may be set from any thread; the rest is constant.
struct session_host {
  request_handler handle;
  session_limits limits;
  trusted_proxies proxies;
  cors origins;
  std::atomic<bool> draining{false};  // each connection ends with the reply that is under way
};

class session {
 public:
  using socket_type = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;
  using clock = std::chrono::steady_clock;

  session(socket_type socket, std::shared_ptr<const session_host> host);
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  // Serves until the connection is closed, by whichever side. Throws only for want of memory. The session must outlive
  // it.
  boost::asio::awaitable<void> run();

  // For the listener, on the session's thread.
  void check_deadline(clock::time_point now);  // cancels what has waited past its deadline
  void close_if_idle();                        // hangs up unless a request has begun
  void close();                                // closes now; a handler that runs goes on, its reply goes nowhere

 private:
  using request_parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  // What the bytes that are here call for.
  enum class step {
    need_more,  // read on
    approve,    // the client waits for "100 Continue"
    handle,     // request_ is complete
    refuse,     // answer_ says why; then close
    hang_up,    // close without a word
  };

  void begin_request();
  step parse();
  step check_head();
  step finish_request();
  template <class Reason>
  step refuse(Reason why);
  step refuse_parse_error(boost::system::error_code error);
  step interrupted();
  void add_edge_headers();
  void arm_read();
  std::size_t read_size() const;
  boost::asio::awaitable<step> receive(step next);

  std::array<boost::asio::const_buffer, 3> prepare_reply();
  bool has_body() const noexcept;
  boost::asio::awaitable<bool> send(std::array<boost::asio::const_buffer, 3> buffers);
  boost::asio::awaitable<bool> send_stream();
  boost::asio::awaitable<void> linger();

  socket_type socket_;
  std::shared_ptr<const session_host> host_;
  boost::asio::ip::address peer_;
  std::string remote_address_;        // the peer's; a request's own, behind a proxy, is looked for in its headers
  boost::beast::flat_buffer buffer_;  // what was read and not yet parsed: the rest of this request, and pipelined ones

  // the request under way
  std::optional<request_parser> parser_;
  request request_;
  reply answer_;
  std::string head_;  // the reply's first lines; keeps its memory from one request to the next
  bool http_1_1_ = true;
  bool client_keeps_alive_ = false;
  bool approved_ = false;  // "100 Continue" was sent
  bool keep_alive_ = false;

  // waiting
  bool idle_ = false;     // before the first byte of a request
  bool started_ = false;  // the request's own deadline is running
  bool timed_out_ = false;
  clock::time_point deadline_ = clock::time_point::max();
};

}  // namespace bookings::http

#include "server/http/session.hpp"

#include "server/http/api_style.hpp"
#include "server/http/target.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/beast/core/buffers_suffix.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/fields.hpp>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdint>
#include <exception>
#include <iterator>
#include <string_view>
#include <tuple>
#include <utility>

namespace bookings::http {

namespace asio = boost::asio;
namespace beast = boost::beast;

namespace {

constexpr std::size_t head_read_bytes = 4 * 1024;
constexpr std::size_t body_read_bytes = 16 * 1024;
constexpr std::size_t idle_buffer_bytes = 8 * 1024;  // an idle connection keeps no larger buffer

constexpr auto awaited = asio::as_tuple(asio::deferred);

}  // namespace

session::session(socket_type socket, std::shared_ptr<const session_host> host)
    : socket_(std::move(socket)), host_(std::move(host)) {
  // Errors here mean that the client is gone already: the first read will say so.
  boost::system::error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  // For send(), which tries without waiting first.
  socket_.non_blocking(true, ignored);
  if (const auto peer = socket_.remote_endpoint(ignored); !ignored) peer_ = plain_address(peer.address());
  remote_address_ = peer_.to_string();
}

asio::awaitable<void> session::run() {
  for (keep_alive_ = true; keep_alive_;) {
    begin_request();
    auto next = parse();  // pipelined requests are here already
    if (next == step::need_more || next == step::approve) next = co_await receive(next);
    if (next == step::hang_up) break;
    if (next == step::handle) {
      // The pipeline catches on its own; this is for what escapes it.
      try {
        answer_ = co_await host_->handle(request_);
      } catch (const std::exception& error) {
        if (request_.request_id.empty()) request_.request_id = make_request_id();
        spdlog::error("[Server] An exception escaped the pipeline: {} (request {})", error.what(), request_.request_id);
        answer_ = failure(errc::internal, request_.request_id);
      }
      // Looked at after the handler: draining may have begun meanwhile.
      keep_alive_ = client_keeps_alive_ && !host_->draining.load(std::memory_order_relaxed) && !answer_.stream;
    }
    if (!co_await send(prepare_reply())) break;
    if (answer_.stream && has_body() && !co_await send_stream()) break;
    const bool client_may_still_send = next == step::refuse || client_keeps_alive_ || buffer_.size() > 0;
    if (!keep_alive_ && client_may_still_send) co_await linger();
  }
  close();
}

void session::check_deadline(clock::time_point now) {
  if (now < deadline_) return;
  deadline_ = clock::time_point::max();
  timed_out_ = true;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void session::close_if_idle() {
  boost::system::error_code ignored;
  // A request that has arrived, but that we have not read, has begun: closing now would lose it. Cancelled rather than
  // closed, because a read that is complete but not yet handed over survives that, and its request gets its reply.
  if (idle_ && socket_.available(ignored) == 0) socket_.cancel(ignored);
}

void session::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

// Receiving.

void session::begin_request() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(host_->limits.header_bytes));
  parser_->body_limit(host_->limits.body_bytes);
  request_ = request();
  answer_ = reply();
  client_keeps_alive_ = approved_ = started_ = timed_out_ = false;
}

// Feeds what was read to the parser, which holds the limits of head and body.
session::step session::parse() {
  while (!parser_->is_done() && buffer_.size() > 0) {
    const bool in_head = !parser_->is_header_done();
    boost::system::error_code error;
    buffer_.consume(parser_->put(buffer_.data(), error));
    if (error == beast::http::error::need_more) break;
    if (error) return refuse_parse_error(error);
    if (in_head && parser_->is_header_done()) {
      if (const auto next = check_head(); next != step::handle) return next;
      parser_->eager(true);
    }
  }
  if (parser_->is_done()) return finish_request();
  const bool waits = parser_->is_header_done() && !approved_ && buffer_.size() == 0 && parser_->get().version() == 11 &&
                     beast::iequals(parser_->get()[beast::http::field::expect], "100-continue");
  return waits ? step::approve : step::need_more;
}

// What the parser lets through and we do not. step::handle where there is nothing to object to.
session::step session::check_head() {
  const auto& head = parser_->get();
  request_.method = head.method();
  if (head.target().size() > host_->limits.target_bytes) return refuse(refusal::target_too_long);
  // RFC 9112, section 3.2: a request of HTTP/1.1 names one host; two of them are two readings of one request.
  const auto hosts = head.equal_range(beast::http::field::host);
  const auto host_count = std::distance(hosts.first, hosts.second);
  if (host_count > 1 || (host_count == 0 && head.version() == 11)) return refuse(errc::malformed);
  // RFC 9112, section 6.3: two equal lengths may be taken for one. We take no part in what others may read differently.
  const auto lengths = head.count(beast::http::field::content_length);
  if (lengths > 1 || head[beast::http::field::content_length].find(',') != std::string_view::npos)
    return refuse(errc::malformed);
  // The parser removes chunks, but no coding below them ("gzip, chunked").
  const auto coding = head.find(beast::http::field::transfer_encoding);
  if (coding != head.end() && !beast::iequals(coding->value(), "chunked")) return refuse(errc::malformed);
  return step::handle;
}

// Moves the message out of the parser into request_.
session::step session::finish_request() {
  http_1_1_ = parser_->get().version() == 11;
  client_keeps_alive_ = parser_->keep_alive();
  auto message = parser_->release();
  const std::string_view target = message.target();
  auto parts = parse_target(target);
  if (!parts) return refuse(errc::malformed);
  request_.target = parts->origin_form;
  request_.path = std::move(parts->path);
  request_.query = std::move(parts->query);
  take_other_names(request_.query);
  request_.body = std::move(message.body());
  request_.headers = std::move(static_cast<beast::http::fields&>(message.base()));
  request_.remote_address =
      host_->proxies.empty() ? remote_address_ : host_->proxies.client_of(peer_, request_.headers).to_string();
  return step::handle;
}

template <class Reason>
session::step session::refuse(Reason why) {
  request_.request_id = make_request_id();
  // What arrived of the headers: a page in a browser is to learn of its refusal too, if it may call us.
  if (request_.headers.begin() == request_.headers.end())
    request_.headers = std::move(static_cast<beast::http::fields&>(parser_->get().base()));
  answer_ = failure(why, request_.request_id);
  keep_alive_ = false;
  return step::refuse;
}

// What the parser objects to.
session::step session::refuse_parse_error(boost::system::error_code error) {
  request_.method = parser_->get().method();
  if (error == beast::http::error::body_limit) return refuse(errc::body_too_large);
  if (error != beast::http::error::header_limit) return refuse(errc::malformed);
  // Without a target the request line alone is over the limit, and it can only be the target that makes it so.
  const auto target = parser_->get().target();
  const bool line_too_long = target.empty() || target.size() > host_->limits.target_bytes;
  return refuse(line_too_long ? refusal::target_too_long : refusal::headers_too_large);
}

// A read ended without bytes: at a deadline, or because either side closed.
session::step session::interrupted() {
  if (timed_out_ && started_) return refuse(refusal::request_timeout);
  return step::hang_up;
}

void session::arm_read() {
  idle_ = buffer_.size() == 0 && !parser_->got_some();
  if (idle_) {
    deadline_ = clock::now() + host_->limits.idle_timeout;
    if (buffer_.capacity() > idle_buffer_bytes) buffer_.shrink_to_fit();
  } else if (!started_) {
    // Once: a client that sends a byte now and then does not get more time by it.
    started_ = true;
    deadline_ = clock::now() + host_->limits.request_timeout;
  }
}

std::size_t session::read_size() const { return parser_->is_header_done() ? body_read_bytes : head_read_bytes; }

// Reads until the request is complete, or something else must be done. `next` is what parse() said last.
asio::awaitable<session::step> session::receive(step next) {
  for (; next == step::need_more || next == step::approve; next = parse()) {
    if (next == step::approve) {
      approved_ = true;
      static constexpr std::string_view approval = "HTTP/1.1 100 Continue\r\n\r\n";
      if (!co_await send({asio::buffer(approval), {}, {}})) co_return step::hang_up;
    }
    arm_read();
    boost::system::error_code ignored;
    if (idle_ && host_->draining.load(std::memory_order_relaxed) && socket_.available(ignored) == 0) {
      co_return step::hang_up;
    }
    const auto [error, bytes] = co_await socket_.async_read_some(buffer_.prepare(read_size()), awaited);
    idle_ = false;
    if (error || (timed_out_ && started_)) {
      deadline_ = clock::time_point::max();
      co_return interrupted();
    }
    timed_out_ = false;  // the idle deadline, and a first byte that came just in time
    buffer_.commit(bytes);
  }
  deadline_ = clock::time_point::max();
  co_return next;
}

// Sending.

// What every reply gets here, refusals of the session's own too, since it depends on who asks and through whom.
void session::add_edge_headers() {
  host_->origins.add_headers(answer_, request_.header(beast::http::field::origin));
  // RFC 6797, section 7.2: never over plain HTTP. We speak that only; but a trusted proxy may say that it speaks TLS.
  if (host_->proxies.is_secure(peer_, request_.headers)) answer_.set("Strict-Transport-Security", "max-age=31536000");
}

// The wire form of answer_, in one piece for one write; valid until the next request begins.
std::array<asio::const_buffer, 3> session::prepare_reply() {
  if (request_.request_id.empty()) request_.request_id = make_request_id();
  auto connection = connection_header::none;  // what each version takes for granted needs no word
  if (!keep_alive_) connection = connection_header::close;
  if (keep_alive_ && !http_1_1_) connection = connection_header::keep_alive;
  add_edge_headers();
  head_.clear();
  append_head(head_, answer_, request_.request_id, connection, http_1_1_ ? http_version::http_1_1 : http_version::http_1_0);
  if (!has_body() || answer_.stream) return {asio::buffer(head_), {}, {}};
  return {asio::buffer(head_), asio::buffer(answer_.head),
          asio::const_buffer(answer_.body.data(), answer_.body.size())};
}

bool session::has_body() const noexcept {
  return request_.method != beast::http::verb::head && may_have_body(answer_.status);
}

// False where the client is gone or takes nothing for too long. A client that leaves between two pieces is noticed with
// the next one: whatever it sends meanwhile is not read, so that it cannot make us keep it.
asio::awaitable<bool> session::send_stream() {
  deadline_ = clock::time_point::max();
  std::string size;
  while (!host_->draining.load(std::memory_order_relaxed)) {
    const auto piece = co_await answer_.stream->next();
    if (!piece) break;
    size.clear();
    if (http_1_1_) fmt::format_to(std::back_inserter(size), "{:x}\r\n", piece->size());
    const std::array<asio::const_buffer, 3> chunk{asio::buffer(size), asio::buffer(*piece),
                                                  asio::buffer(std::string_view(http_1_1_ ? "\r\n" : ""))};
    if (!co_await send(chunk)) co_return false;
  }
  static constexpr std::string_view last_chunk = "0\r\n\r\n";
  const std::array<asio::const_buffer, 3> end{asio::buffer(http_1_1_ ? last_chunk : std::string_view()), {}, {}};
  co_return co_await send(end);
}

// False where the client is gone or takes nothing for too long.
asio::awaitable<bool> session::send(std::array<asio::const_buffer, 3> buffers) {
  // Nearly always the socket takes all at once: then there is nothing to wait for, and no way through the event loop.
  boost::system::error_code error;
  const auto sent = socket_.write_some(buffers, error);
  if (error && error != asio::error::would_block) co_return false;
  if (sent == asio::buffer_size(buffers)) co_return true;

  const auto read_deadline = deadline_;
  beast::buffers_suffix<std::array<asio::const_buffer, 3>> rest(buffers);
  rest.consume(sent);
  while (asio::buffer_size(rest) > 0) {
    deadline_ = clock::now() + host_->limits.write_timeout;
    const auto [failed, bytes] = co_await socket_.async_write_some(rest, awaited);
    if (failed || timed_out_) co_return false;
    rest.consume(bytes);
  }
  deadline_ = read_deadline;
  co_return true;
}

// Closing while the client still sends makes the kernel answer with a reset, which can overtake the reply: so the end
// is announced first, and what arrives is thrown away until the client closes too, for a while (RFC 9112, section 9.6).
asio::awaitable<void> session::linger() {
  boost::system::error_code error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  if (error) co_return;
  buffer_.clear();
  timed_out_ = false;
  deadline_ = clock::now() + host_->limits.linger_timeout;
  while (!error && !timed_out_) {
    error = std::get<0>(co_await socket_.async_read_some(buffer_.prepare(body_read_bytes), awaited));
  }
}

}  // namespace bookings::http

// What a controller answers, and the only table from errc to HTTP status, code and message.
//
// A body is two pieces, written by scatter-gather: `head` (short) and `body` (shared, never copied: a cached entry goes out
// as it lies in memory). What the client sees and what the log says are two things: `failure`'s detail
// goes to the client only where the table allows it.
#pragma once

#include "server/domain/errc.hpp"
#include "server/domain/page.hpp"
#include "server/http/header_lines.hpp"
#include "server/http/request.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bookings::http {

// A body that is made while it is sent, such as events as they happen. Used by one session at a time, on its thread.
class body_stream {
 public:
  virtual ~body_stream() = default;
  // The next piece, never empty, which may be shared by many replies. Null: that was all. Must return soon once the server
  // drains. The next one is asked for when the client has taken this one.
  virtual boost::asio::awaitable<std::shared_ptr<const std::string>> next() = 0;
};

struct reply {
  unsigned status = 200;
  std::string_view content_type = "application/json; charset=utf-8";  // static text, or the owner's
  header_lines headers;               // without Content-Type, Content-Length, Date, Connection
  std::string_view head;              // static text, sent before `body`
  std::string_view body;
  std::shared_ptr<const void> owner;  // keeps the views alive
  // Where there is one, it is the body, in chunks (RFC 9112, section 7.1), and the connection ends with it.
  std::shared_ptr<body_stream> stream;

  void set(std::string_view name, std::string_view value) { headers.set(name, value); }
  void own(std::string text) {
    auto kept = std::make_shared<const std::string>(std::move(text));
    body = *kept;
    owner = std::move(kept);
  }
  std::size_t body_bytes() const noexcept { return head.size() + body.size(); }
};

// All of these are in the style of the process (api_style.hpp); here stands what they are in the plain one.

// {"success":true,"data":…}
reply success(unsigned status, boost::json::value data);

// {"success":true,"data":[…],"count":…,"total":…,"page":…,"limit":…}
reply success_list(boost::json::array rows, std::int64_t total, const page_request& page);

// One wrong member or parameter: its name and what is wrong with it, in words for the client.
struct field_error {
  std::string name, message;
};

// {"success":false,"error":{"code","message","fields"?,"requestId"}} with the status that the table gives.
// What is worth a second try carries Retry-After.
reply failure(boost::system::error_code error, std::string_view request_id,
              const std::vector<field_error>& fields = {});

// errc::too_many_requests, where it is known when the next one may come.
reply too_many_requests(std::chrono::seconds wait, std::string_view request_id);

// The status that the table gives an error; foreign errors are 500.
unsigned status_of(boost::system::error_code error) noexcept;

// What the session refuses before there is a request, and what therefore is no errc: the same form of reply.
enum class refusal { request_timeout, target_too_long, headers_too_large };
reply failure(refusal why, std::string_view request_id);

// One row of the table. `retry_after` is in seconds, 0 for none.
struct errc_row {
  errc error;
  unsigned status;
  std::string_view code, message;
  unsigned retry_after = 0;
};

// The table: one row for each errc, in their order.
std::span<const errc_row> errc_rows() noexcept;

}  // namespace bookings::http

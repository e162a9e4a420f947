#include "server/http/reply_head.hpp"

#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace bookings::http {
namespace {

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

// IMF-fixdate (RFC 9110, section 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT". Valid until the thread's next call.
std::string_view date() {
  thread_local std::time_t second = 0;
  thread_local std::array<char, 30> text{};
  if (const auto now = std::time(nullptr); now != second) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    // The names of days and months are English: the program never calls setlocale().
    std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    second = now;
  }
  return text.data();
}

// On every reply. Nobody reads it for another type than it says, frames it, or learns from where it was reached.
constexpr std::string_view security_headers =
    "\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nX-Frame-Options: DENY\r\n";
// On a reply that says nothing else: it is data, and no page that loads anything; and it is for no cache, since what may
// be kept says so itself (the routes that we cache do, cache_stage.cpp).
constexpr std::string_view policy_header = "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";
constexpr std::string_view cache_header = "Cache-Control: no-store\r\n";

void append_header(std::string& out, std::string_view name, std::string_view value) {
  if (is_header_text(value)) out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

bool may_have_body(unsigned status) noexcept { return status != 204 && status != 304; }

void append_head(std::string& out, const reply& answer, std::string_view request_id, connection_header connection,
                 http_version version) {
  const auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(answer.status));
  out += "HTTP/1.1 ";
  append_number(out, answer.status);
  out.append(" ").append(reason.data(), reason.size());
  out.append("\r\nDate: ").append(date());
  out += security_headers;
  append_header(out, "X-Request-Id", request_id);
  if (may_have_body(answer.status)) {
    append_header(out, "Content-Type", answer.content_type);
    if (answer.stream) {
      if (version == http_version::http_1_1) out += "Transfer-Encoding: chunked\r\n";
    } else {
      out += "Content-Length: ";
      append_number(out, answer.body_bytes());
      out += "\r\n";
    }
  }
  if (connection == connection_header::close) out += "Connection: close\r\n";
  if (connection == connection_header::keep_alive) out += "Connection: keep-alive\r\n";
  out += answer.headers.text();
  if (answer.headers.find("Content-Security-Policy").data() == nullptr) out += policy_header;
  if (answer.headers.find("Cache-Control").data() == nullptr) out += cache_header;
  out += "\r\n";
}

}  // namespace bookings::http

#include "tests/fuzz/request_maker.hpp"

#include <algorithm>
#include <cstdio>
#include <iterator>

namespace bookings::fuzz {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view methods[] = {"GET", "GET", "GET", "POST", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH",
                                        "TRACE", "CONNECT", "get", "G T", "\0"sv, "GETGETGETGETGETGETGETGETGETGETGETGET", ""};
// GIG, BOOKING, STUDENT and TEACHER stand for ids that are there.
constexpr std::string_view paths[] = {
    "/api/gigs", "/api/gigs", "/api/gigs/GIG", "/api/gigs/GIG", "/api/bookings", "/api/bookings", "/api/bookings/BOOKING",
    "/api/bookings/BOOKING/status", "/api/auth/me", "/api/users/TEACHER", "/api/users/STUDENT/block",
    "/api/users/me", "/api/users/me/export", "/api/reviews", "/api/manual-payments", "/api/manual-payments/GIG/verify",
    "/api/payments/init", "/api/trail", "/api/cache/stats", "/api/cache/invalidate", "/api/cache/keys", "/health", "/ready",
    "/metrics", "/openapi.json", "/docs", "/dashboard", "/", "//", "/api//gigs", "/api/gigs/", "/api/gigs/*",
    "/api/gigs/..%2f..", "/api/%67igs", "/api/gigs/%00", "/api/gigs/%ff", "/api/gigs/%", "http://test/api/gigs", "*",
    "test:80", "/api/auth/login\r\nX: y", "/\xc3\xa9", "/\xff"};
// Each may cost the hash of a password, or the scene.
constexpr std::string_view slow_paths[] = {"/api/auth/register", "/api/auth/login", "/api/auth/password", "/api/auth/logout"};
// What the routes take; TIME stands for some time to come, and ANY for text that nobody has used.
struct good_request {
  std::string_view method, path, body;
  bool is_teachers = false;
};
constexpr good_request good_requests[] = {
    {"GET", "/api/gigs?subject=Mathematics&sort=-price&limit=5", ""},
    {"GET", "/api/gigs?q=alg&page=2", ""},
    {"GET", "/api/gigs/GIG", ""},
    {"GET", "/api/bookings?status=pending&sort=scheduledAt", ""},
    {"GET", "/api/bookings", "", true},
    {"GET", "/api/bookings/BOOKING", ""},
    {"GET", "/api/users/TEACHER", ""},
    {"GET", "/api/reviews?gigId=GIG", ""},
    {"GET", "/api/reviews?teacherId=TEACHER&sort=rating", ""},
    {"GET", "/api/manual-payments?status=pending", ""},
    {"GET", "/api/auth/me", ""},
    {"POST", "/api/gigs", R"({"title":"Algebra","subject":"Mathematics","price":800.5,"description":"x"})", true},
    {"PUT", "/api/gigs/GIG", R"({"title":"ANY"})", true},
    {"POST", "/api/bookings", R"({"gigId":"GIG","scheduledAt":"TIME","durationMinutes":60,"note":"n"})"},
    {"POST", "/api/bookings", R"({"gigId":"GIG","scheduledAt":"TIME"})"},
    {"PUT", "/api/bookings/BOOKING/status", R"({"status":"accepted"})", true},
    {"PUT", "/api/bookings/BOOKING/status", R"({"status":"completed"})", true},
    {"POST", "/api/manual-payments", R"({"bookingId":"BOOKING","method":"bkash","transactionId":"ANY","amount":800})"},
    {"POST", "/api/reviews", R"({"bookingId":"BOOKING","rating":5,"comment":"c"})"},
    {"PUT", "/api/users/me", R"({"name":"ANY","bio":"b","city":"c","phone":"1"})"},
};
constexpr std::string_view names[] = {"page", "limit", "sort", "status", "subject", "teacherId", "gigId", "q", "wait", "prefix",
                                      "__proto__", "page[]", "%70age", ""};
constexpr std::string_view values[] = {
    "1", "2", "100", "101", "0", "-1", "1e3", "99999999999999999999", "0x10", "newest", "price", "-price", "pending", "accepted",
    "Mathematics", "a", "%25", "%27%20OR%201=1--", "*", "%2A", "%00", "%ff", "%C0%AF", "%ED%A0%80", "%F0%9F%98%80", "+", "%2B",
    "GIG", "TEACHER", "", "%", "%0d%0aX:%20y"};
constexpr std::string_view header_lines[] = {
    "Host: other", "Connection: close", "Connection: keep-alive, Upgrade", "Upgrade: h2c", "Expect: 100-continue",
    "Expect: nothing", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip", "Content-Length: 5", "Content-Length: 0",
    "Content-Length: -1", "Content-Length: 18446744073709551616", "Content-Type: text/plain",
    "Content-Type: application/json; charset=utf-16", "Accept-Encoding: gzip", "If-None-Match: *",
    "If-None-Match: W/\"x\", \"y\"", "If-None-Match: ,,,\"", "Range: bytes=0-1", "Idempotency-Key: key", "Idempotency-Key: ",
    "Idempotency-Key: \xff", "X-Request-Id: mine", "X-Request-Id: a b\tc", "X-Forwarded-For: 1.2.3.4, ::1, x, [::1]:1, ,",
    "X-Forwarded-For: ::ffff:127.0.0.1", "X-Forwarded-Proto: https", "Origin: https://app.example", "Origin: null",
    "Access-Control-Request-Method: PUT", "Authorization: Basic eDp5", "Authorization: Bearer", "Authorization: Bearer x.y.z",
    "Cookie: a=b", "X: \xff\xfe", "X:", "X: a\r\n folded", "No colon here", " : ", "X\0Y: z"sv, "X: a\rb", "X: a\nb"};
constexpr std::string_view bodies[] = {
    R"({"title":"Algebra","subject":"Mathematics","price":800,"description":"x"})",
    R"({"gigId":"GIG","scheduledAt":"2031-01-15T10:00:00Z","durationMinutes":60,"note":"n"})",
    R"({"status":"accepted"})", R"({"status":"cancelled"})", R"({"title":"B"})", R"({"name":"A","bio":"b","city":"c"})",
    R"({"bookingId":"BOOKING","rating":5,"comment":"c"})",
    R"({"bookingId":"BOOKING","method":"bkash","transactionId":"T1","amount":800})", R"({"reason":"r"})",
    R"({"prefix":"bookings","userId":"STUDENT","role":"student"})", R"({"prefix":"gigs"})",
    R"({"currentPassword":"x","newPassword":"y"})", R"({"password":"long enough"})", R"({"email":"nobody@example.com","password":"wrong password"})",
    R"({"email":"x","password":"short","name":"","role":"admin"})", "{}", "[]", "null", "", "{", "\"\"", "0"};
constexpr std::string_view json_pieces[] = {
    "null", "true", "0", "-0", "1e999", "-1e-999", "0.1", "1E+2", "9223372036854775808", "\"\"", "\"\\u0000\"", "\"\\ud800\"",
    "\"\xff\"", "\"\xed\xa0\x80\"", "\"\\", "[[[[[[[[[[[[[[[[", "]]]]", "{\"a\":", "}", "{}", ",", ":", "\"title\":", "\"price\":1,",
    "\"price\":0.001", "\"scheduledAt\":\"2031-02-30T25:61:61Z\"", "\"durationMinutes\":-60", "\"__proto__\":{}", "\xef\xbb\xbf",
    "/* c */", "NaN", "Infinity", "'x'", "\"\xf0\x9f\x98\x80\"", "\0"sv};
constexpr std::string_view wire_pieces[] = {
    "\r\n", "\r\n\r\n", "\n", "\r", "\0"sv, " ", "\t", ":", "/", "?", "%", "%00", "%0d%0a", "\xff", "\x80", "HTTP/1.1", "HTTP/1.0",
    "HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n",
    "3\r\nabc\r\n", "ffffffffffffffff\r\n", "1;a=\"b\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x02\x00"sv};

void replace_all(std::string& text, std::string_view what, const std::string& with) {
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + with.size())) text.replace(at, what.size(), with);
}

void put_ids_in(std::string& text, const scene& known) {
  replace_all(text, "GIG", known.gig_id);
  replace_all(text, "BOOKING", known.booking_id);
  replace_all(text, "STUDENT", known.student_id);
  replace_all(text, "TEACHER", known.teacher_id);
}

}  // namespace

request_maker::request_maker(const scene& known, std::uint64_t seed, std::uint64_t number) : known_(known) {
  std::seed_seq words{seed & 0xffffffff, seed >> 32, number & 0xffffffff, number >> 32};
  random_.seed(words);
}

// Half of the cases are what clients send, with one thing odd at most: random bytes alone seldom get past the request line.
std::string request_maker::make() {
  std::string bytes;
  if (once_in(2)) {
    do bytes += nearly_good_request();
    while (once_in(3));
    return bytes;
  }
  bytes = request();
  while (once_in(3) && bytes.size() < 200'000) bytes += request();
  if (once_in(8)) {  // the beginning of one, the end of another
    const auto other = request();
    bytes = bytes.substr(0, below(bytes.size() + 1)) + other.substr(below(other.size() + 1));
  }
  if (once_in(2)) mutate(bytes);
  return bytes;
}

std::vector<std::size_t> request_maker::cuts(std::size_t size) {
  std::vector<std::size_t> at;
  if (once_in(4))
    for (std::size_t count = below(5); count > 0; --count) at.push_back(below(size + 1));
  std::sort(at.begin(), at.end());
  return at;
}

std::string request_maker::nearly_good_request() {
  const auto& good = good_requests[below(std::size(good_requests))];
  std::string method(good.method), path(good.path), text(good.body), more;
  switch (below(8)) {
    case 0:
      if (!text.empty()) text.insert(below(text.size() + 1), one_of(json_pieces));
      break;
    case 1:
      if (!text.empty()) text[below(text.size())] = static_cast<char>(random_());
      break;
    case 2: path.append(path.find('?') == path.npos ? "?" : "&").append(one_of(names)).append("=").append(one_of(values)); break;
    case 3: path[below(path.size())] = static_cast<char>(random_()); break;
    case 4: more.append(one_of(header_lines)).append("\r\n"); break;
    case 5: more.append("Idempotency-Key: ").append(std::to_string(below(4))).append("\r\n"); break;
    default: break;  // nothing is odd
  }
  put_ids_in(path, known_);
  put_ids_in(text, known_);
  replace_all(text, "ANY", "any" + std::to_string(random_()));
  char time[32];
  std::snprintf(time, sizeof time, "20%02zu-%02zu-%02zuT%02zu:00:00Z", 40 + below(50), 1 + below(12), 1 + below(28), below(24));
  replace_all(text, "TIME", time);
  auto bytes = method + " " + path + " HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer " +
               (good.is_teachers ? known_.teacher_token : known_.student_token) + "\r\n" + more;
  if (!text.empty()) bytes += "Content-Type: application/json\r\nContent-Length: " + std::to_string(text.size()) + "\r\n";
  return bytes + "\r\n" + text;
}

std::string request_maker::request() {
  std::string_view method = one_of(methods);
  auto where = target(method);
  auto text = body(where);
  put_ids_in(where, known_);
  put_ids_in(text, known_);
  std::string bytes = std::string(method) + " " + where + (once_in(20) ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  if (!once_in(30)) bytes += "Host: test\r\n";
  bytes += headers();
  const bool has_body = method == "POST" || method == "PUT" || once_in(10);
  if (!has_body) return bytes + "\r\n";
  if (!once_in(10)) bytes += "Content-Type: application/json\r\n";
  if (once_in(4)) {
    bytes += "Transfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0; at < text.size();) {
      const auto size = std::min(1 + below(text.size()), text.size() - at);
      char head[20];
      std::snprintf(head, sizeof head, "%zx\r\n", size);
      bytes.append(head).append(text, at, size).append("\r\n");
      at += size;
    }
    return bytes + "0\r\n\r\n";
  }
  const auto length = once_in(20) ? below(100) : text.size();
  return bytes + "Content-Length: " + std::to_string(length) + "\r\n\r\n" + text;
}

std::string request_maker::target(std::string_view& method) {
  std::string text(once_in(60) ? one_of(slow_paths) : one_of(paths));
  // Let half of them be asked as they can be asked.
  if (text.find("/auth/log") != text.npos || text.find("/register") != text.npos) method = "POST";
  if (text.ends_with("/status")) method = once_in(4) ? method : "PUT";
  if (once_in(2)) text += parameters();
  if (once_in(100)) text += std::string(below(20'000), 'a');
  return text;
}

std::string request_maker::parameters() {
  std::string text = "?";
  for (std::size_t count = below(5); count > 0; --count) {
    text.append(one_of(names)).append(once_in(8) ? "" : "=").append(one_of(values)).append(count > 1 ? "&" : "");
  }
  if (once_in(50))
    for (std::size_t i = 0; i < 1'500; ++i) text += "&a=1";
  return text;
}

std::string request_maker::headers() {
  std::string text;
  if (!once_in(4)) text += "Authorization: Bearer " + (once_in(2) ? known_.student_token : known_.teacher_token) + "\r\n";
  while (once_in(2)) text.append(one_of(header_lines)).append("\r\n");
  if (once_in(100)) text += "X-Large: " + std::string(below(20'000), 'a') + "\r\n";
  if (once_in(100))
    for (std::size_t i = below(3'000); i > 0; --i) text += "X-Many: 1\r\n";
  return text;
}

std::string request_maker::body(std::string_view path) {
  std::string text(one_of(bodies));
  if (path.find("/status") != path.npos && once_in(2)) text = R"({"status":"accepted"})";
  while (once_in(3)) text.insert(below(text.size() + 1), one_of(json_pieces));
  if (once_in(200)) text.insert(below(text.size() + 1), std::string(below(100'000), once_in(2) ? '[' : 'a'));
  return text;
}

std::string request_maker::noise(std::size_t most) {
  std::string text(below(most), '\0');
  for (auto& each : text) each = static_cast<char>(random_());
  return text;
}

void request_maker::mutate(std::string& bytes) {
  for (std::size_t count = 1 + below(6); count > 0; --count) {
    const auto at = below(bytes.size() + 1), length = below(std::min<std::size_t>(bytes.size() - at, 64) + 1);
    switch (below(6)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
        break;
      case 1: bytes.erase(at, length); break;
      case 2: bytes.insert(at, bytes.substr(at, length)); break;
      case 3: bytes.insert(at, one_of(wire_pieces)); break;
      case 4: bytes.replace(at, length, one_of(json_pieces)); break;
      default: bytes.insert(at, noise(16)); break;
    }
  }
}

}  // namespace bookings::fuzz

#include "tests/fuzz/reply_check.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <charconv>

namespace bookings::fuzz {
namespace {

constexpr unsigned statuses[] = {100, 200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 422, 429, 431, 503};

using headers = std::map<std::string, std::string, std::less<>>;

// RFC 9110, section 5.1, and what we send in values: no control characters.
bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}
bool is_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

// Empty: the head is good, and `found` has its headers.
std::string read_headers(std::string_view head, headers& found) {
  while (!head.empty()) {
    const auto end = std::min(head.find("\r\n"), head.size());
    const auto line = head.substr(0, end);
    const auto colon = line.find(": ");
    if (colon == line.npos || !is_name(line.substr(0, colon)) || !is_value(line.substr(colon + 2)))
      return "a header is not well-formed: " + std::string(line);
    if (!found.emplace(line.substr(0, colon), line.substr(colon + 2)).second)
      return "a header stands twice: " + std::string(line);
    head.remove_prefix(std::min(end + 2, head.size()));
  }
  return {};
}

std::string check_body(unsigned status, const headers& found, std::string_view body) {
  const auto type = found.find("Content-Type");
  if (type == found.end()) return "a reply with a body has no type";
  if (!type->second.starts_with("application/json") || found.contains("Content-Encoding")) return {};
  boost::system::error_code wrong;
  const auto value = boost::json::parse(body, wrong);
  if (wrong || !value.is_object()) return "the body is no JSON object: " + wrong.message();
  if (status == 200 && value.as_object().contains("openapi")) return {};  // the one document that is no answer of the API
  const auto* success = value.as_object().if_contains("success");
  if (success == nullptr || !success->is_bool() || success->as_bool() != (status < 400)) return "\"success\" is not what the status says";
  return {};
}

}  // namespace

verdict check_replies(std::string_view received, std::string_view sent) {
  verdict all;
  while (!received.empty()) {
    const auto end = received.find("\r\n\r\n");
    if (end == received.npos) return {all.replies, "a head is cut off"};
    auto head = received.substr(0, end);
    received.remove_prefix(end + 4);
    const auto line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(line.size() + 2, head.size()));
    unsigned status = 0;
    if (!line.starts_with("HTTP/1.1 ") || line.size() < 13 || line[12] != ' ' ||
        std::from_chars(line.data() + 9, line.data() + 12, status).ptr != line.data() + 12)
      return {all.replies, "a status line is not well-formed: " + std::string(line)};
    if (std::find(std::begin(statuses), std::end(statuses), status) == std::end(statuses))
      return {all.replies, "a status that no request should get: " + std::string(line)};
    if (status == 100) continue;
    ++all.replies[status];
    headers found;
    if (auto wrong = read_headers(head, found); !wrong.empty()) return {all.replies, std::move(wrong)};
    for (const auto* name : {"Date", "X-Request-Id", "X-Content-Type-Options", "Cache-Control", "Content-Security-Policy"})
      if (!found.contains(name)) return {all.replies, std::string("a reply has no ") + name};
    if (status == 401 && !found.contains("WWW-Authenticate")) return {all.replies, "a 401 names no scheme"};
    if ((status == 429 || status == 503) && !found.contains("Retry-After")) return {all.replies, "no word of when to come again"};
    const auto length_text = found.find("Content-Length");
    if (status == 204 || status == 304) {
      if (length_text != found.end()) return {all.replies, "a reply without a body has a length"};
      continue;
    }
    std::size_t length = 0;
    if (length_text == found.end() ||
        std::from_chars(length_text->second.data(), length_text->second.data() + length_text->second.size(), length).ec != std::errc())
      return {all.replies, "a reply has no length"};
    const bool is_to_head = sent.find("HEAD") != sent.npos && (received.empty() || received.starts_with("HTTP/1.1 "));
    if (is_to_head) continue;
    if (received.size() < length) return {all.replies, "a body is cut off"};
    if (auto wrong = check_body(status, found, received.substr(0, length)); !wrong.empty())
      return {all.replies, wrong + " (" + std::string(line) + ")"};
    received.remove_prefix(length);
  }
  return all;
}

}  // namespace bookings::fuzz

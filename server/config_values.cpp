#include "server/config_values.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace bookings {
namespace {

using boost::beast::iequals;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Digits, and the unit behind them.
struct quantity {
  std::uint64_t number = 0;
  std::string_view unit;
};

parsed<quantity> parse_quantity(std::string_view text) {
  quantity found;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), found.number);
  if (error == std::errc::result_out_of_range) return problem{"is out of range"};
  if (error != std::errc() || !is_digit(text.front())) return problem{"does not begin with a whole number"};
  found.unit = trim(text.substr(static_cast<std::size_t>(end - text.data())));
  return found;
}

bool is_host_label(std::string_view label) noexcept {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
  return std::ranges::all_of(label, [](char c) { return is_digit(c) || is_letter(c) || c == '-' || c == '_'; });
}

bool is_host_name(std::string_view text) noexcept {
  if (text.ends_with('.')) text.remove_suffix(1);  // the root, written out
  if (text.empty() || text.size() > 253) return false;
  for (;;) {
    auto dot = text.find('.');
    auto label = text.substr(0, dot);
    if (!is_host_label(label)) return false;
    // A name's last label is never a number: what looks like an IPv4 address and is none, is a slip.
    if (dot == std::string_view::npos) return !std::ranges::all_of(label, is_digit);
    text.remove_prefix(dot + 1);
  }
}

bool is_address(std::string_view text) {
  boost::system::error_code error;
  boost::asio::ip::make_address(text, error);
  return !error;
}

bool is_loopback(const std::string& host) {
  if (iequals(host, "localhost")) return true;
  boost::system::error_code error;
  auto address = boost::asio::ip::make_address(host, error);
  return !error && address.is_loopback();
}

// The characters of RFC 3986 that stand in a path, with "%" taken as it is.
bool is_path(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) {
    return is_digit(c) || is_letter(c) || std::string_view("/-._~!$&'()*+,;=:@%").find(c) != std::string_view::npos;
  });
}

}  // namespace

parsed<std::int64_t> parse_whole_number(std::string_view text, std::int64_t least, std::int64_t most) {
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return problem{"is out of range"};
  if (error != std::errc() || end != text.data() + text.size() || !is_digit(text.front()))
    return problem{"is not a whole number"};
  if (number < least || number > most) return problem{"is out of range"};
  return number;
}

parsed<std::uint64_t> parse_size_bytes(std::string_view text, std::uint64_t most) {
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 8> units{{
      {"", 1}, {"B", 1}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30},
      {"KB", 1'000}, {"MB", 1'000'000}, {"GB", 1'000'000'000}}};
  auto found = parse_quantity(text);
  if (!found) return found.error();
  auto unit = std::ranges::find_if(units, [&](const auto& each) { return iequals(each.first, found->unit); });
  if (unit == units.end()) return problem{"has an unknown unit"};
  if (found->number > most / unit->second) return problem{"is out of range"};
  return found->number * unit->second;
}

parsed<std::chrono::seconds> parse_duration(std::string_view text, std::chrono::seconds least,
                                            std::chrono::seconds most) {
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 5> units{
      {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3'600}, {"d", 86'400}}};
  auto found = parse_quantity(text);
  if (!found) return found.error();
  auto unit = std::ranges::find_if(units, [&](const auto& each) { return each.first == found->unit; });
  if (unit == units.end()) return problem{"has an unknown unit"};
  if (found->number > static_cast<std::uint64_t>(most.count()) / unit->second) return problem{"is out of range"};
  std::chrono::seconds duration(found->number * unit->second);
  if (duration < least) return problem{"is out of range"};
  return duration;
}

bool is_host(std::string_view text) { return is_host_name(text) || is_address(text); }

bool is_plain_text(std::string_view text, std::size_t least_bytes, std::size_t most_bytes) noexcept {
  return text.size() >= least_bytes && text.size() <= most_bytes &&
         std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

parsed<host_port> parse_host_port(std::string_view text, std::uint16_t default_port) {
  host_port found{{}, default_port};
  std::string_view rest;
  if (text.starts_with('[')) {
    auto end = text.find(']');
    if (end == std::string_view::npos) return problem{"has a bracket without its other half"};
    found.host = text.substr(1, end - 1);
    if (found.host.find(':') == std::string::npos || !is_address(found.host))
      return problem{"has something other than an IPv6 address in brackets"};
    rest = text.substr(end + 1);
  } else {
    auto colon = text.find(':');
    found.host = text.substr(0, colon);
    if (found.host.empty()) return problem{"has no host"};
    if (!is_host(found.host)) return problem{"has no valid host"};
    if (colon != std::string_view::npos) rest = text.substr(colon);
  }
  if (rest.empty()) return found;
  auto port = parse_whole_number(rest.substr(1), 1, std::numeric_limits<std::uint16_t>::max());
  if (rest.front() != ':' || !port) return problem{"has no valid port (an IPv6 address stands in brackets)"};
  found.port = static_cast<std::uint16_t>(*port);
  return found;
}

parsed<std::vector<std::string>> parse_list(std::string_view text) {
  std::vector<std::string> pieces;
  for (;;) {
    auto comma = text.find(',');
    auto piece = trim(text.substr(0, comma));
    if (piece.empty()) return problem{"has an empty piece between commas"};
    pieces.emplace_back(piece);
    if (comma == std::string_view::npos) return pieces;
    text.remove_prefix(comma + 1);
  }
}

parsed<http_url> parse_http_url(std::string_view text) {
  http_url url;
  auto colon = text.find("://");
  auto scheme = text.substr(0, colon);
  url.is_secure = iequals(scheme, "https");
  if (colon == std::string_view::npos || (!url.is_secure && !iequals(scheme, "http")))
    return problem{"does not begin with http:// or https://"};
  auto rest = text.substr(colon + 3);
  auto authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) return problem{"names a user, which is not taken here"};
  auto found = parse_host_port(authority, url.is_secure ? 443 : 80);
  if (!found) return found.error();
  url.authority = *found;
  url.path = rest.substr(authority.size());
  if (!is_path(url.path)) return problem{"has a query, a fragment or a character that URLs do not have"};
  return url;
}

parsed<http_url> parse_secure_url(std::string_view text) {
  auto url = parse_http_url(text);
  if (url && !url->is_secure && !is_loopback(url->authority.host))
    return problem{"is http://, which is taken for this machine (localhost) alone"};
  return url;
}

std::optional<std::string> decode_percent(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return {};
    unsigned char byte = 0;
    auto digits = text.substr(i + 1, 2);
    auto [end, error] = std::from_chars(digits.data(), digits.data() + 2, byte, 16);
    if (error != std::errc() || end != digits.data() + 2 || byte == 0) return {};
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return decoded;
}

}  // namespace bookings

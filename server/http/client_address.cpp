#include "server/http/client_address.hpp"

#include "server/http/text_rules.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>

namespace bookings::http {

namespace ip = boost::asio::ip;

namespace {

constexpr std::string_view forwarded_for = "X-Forwarded-For", forwarded_proto = "X-Forwarded-Proto";
constexpr unsigned mapped_bits = 96;  // ::ffff:0:0/96 holds the IPv4 addresses

ip::address_v6::bytes_type bytes_of(const ip::address& address) {
  if (address.is_v6()) return address.to_v6().to_bytes();
  return ip::make_address_v6(ip::v4_mapped, address.to_v4()).to_bytes();
}

// "203.0.113.7", "203.0.113.7:4711", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711".
std::optional<ip::address> parse_hop(std::string_view text) {
  text = trim(text);
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos || (end + 1 < text.size() && text[end + 1] != ':')) return {};
    text = text.substr(1, end - 1);
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    text = text.substr(0, text.find(':'));
  }
  boost::system::error_code wrong;
  const auto address = ip::make_address(std::string(text), wrong);  // a copy: it wants a final NUL
  if (wrong) return {};
  return plain_address(address);
}

}  // namespace

ip::address plain_address(const ip::address& from) {
  if (from.is_v4()) return from;
  const auto six = from.to_v6();
  if (six.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, six);
  return ip::address_v6(six.to_bytes());
}

std::string client_network(std::string_view text) {
  boost::system::error_code wrong;
  const auto address = ip::make_address(std::string(text), wrong);
  if (wrong) return std::string(text);
  const auto plain = plain_address(address);
  if (plain.is_v4()) return plain.to_string();
  auto bytes = plain.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return ip::address_v6(bytes).to_string() + "/64";
}

trusted_proxies::trusted_proxies(const std::vector<std::string>& networks) {
  for (const auto& text : networks) {
    const auto slash = text.find('/');
    boost::system::error_code wrong;
    const auto address = ip::make_address(text.substr(0, slash), wrong);
    if (wrong) throw std::invalid_argument("no address or network: " + text);
    const unsigned most = address.is_v4() ? 32 : 128;
    unsigned bits = most;
    if (slash != text.npos) {
      const auto* end = text.data() + text.size();
      const auto [stopped, failed] = std::from_chars(text.data() + slash + 1, end, bits);
      if (failed != std::errc() || stopped != end || bits > most) throw std::invalid_argument("no network: " + text);
    }
    networks_.push_back({bytes_of(address), address.is_v4() ? bits + mapped_bits : bits});
  }
}

bool trusted_proxies::has(const ip::address& address) const {
  const auto bytes = bytes_of(address);
  return std::any_of(networks_.begin(), networks_.end(), [&](const network& each) {
    const auto whole = each.bits / 8, rest = each.bits % 8;
    if (!std::equal(bytes.begin(), bytes.begin() + whole, each.prefix.begin())) return false;
    return rest == 0 || (bytes[whole] ^ each.prefix[whole]) >> (8 - rest) == 0;
  });
}

ip::address trusted_proxies::client_of(const ip::address& peer, const boost::beast::http::fields& headers) const {
  auto client = plain_address(peer);
  if (networks_.empty() || !has(client)) return client;
  // Several lines are one list (RFC 9110, section 5.3).
  std::string list;
  const auto [first, last] = headers.equal_range(forwarded_for);
  for (auto line = first; line != last; ++line) list.append(list.empty() ? "" : ",").append(line->value());
  for (std::string_view rest = list; !rest.empty();) {
    const auto comma = rest.rfind(',');
    const auto hop = parse_hop(comma == rest.npos ? rest : rest.substr(comma + 1));
    if (!hop) break;
    client = *hop;
    if (!has(client) || comma == rest.npos) break;
    rest = rest.substr(0, comma);
  }
  return client;
}

bool trusted_proxies::is_secure(const ip::address& peer, const boost::beast::http::fields& headers) const {
  if (networks_.empty() || !has(plain_address(peer))) return false;
  return boost::beast::iequals(headers[forwarded_proto], "https");
}

}  // namespace bookings::http

// Whose request it is, where proxies stand in between: X-Forwarded-For and X-Forwarded-Proto, believed only as far as
// the proxies that we trust vouch for them.
//
// Each proxy appends the address that it was called from. So the list is walked from its right end, where the nearest
// proxy wrote, and each entry is believed because the hop after it is trusted; what stands left of the first address
// that is not ours was written by that client, and may say anything.
//
// Thread safety: constant once constructed.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <boost/beast/http/fields.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace bookings::http {

// Without a port and a zone, an IPv4-mapped IPv6 address as the IPv4 address that it is.
boost::asio::ip::address plain_address(const boost::asio::ip::address& from);

// The part of an address that one client has to itself, as text for limits: an IPv4 address, or the /64 of an IPv6 one,
// which is what a single subscriber gets (RFC 6177, section 2). Text that is no address stands for itself.
std::string client_network(std::string_view address);

class trusted_proxies {
 public:
  trusted_proxies() = default;
  // Addresses and networks, "10.0.0.0/8", "::1"; IPv4-mapped ones count as IPv4. Throws std::invalid_argument for
  // anything else.
  explicit trusted_proxies(const std::vector<std::string>& networks);

  bool has(const boost::asio::ip::address& address) const;

  // The client behind the connection from `peer`. Where the peer is no trusted proxy, that is the peer, whatever the
  // headers say. An entry that is no address ends the walk at the last hop that was one.
  boost::asio::ip::address client_of(const boost::asio::ip::address& peer,
                                     const boost::beast::http::fields& headers) const;

  // Did the client come by TLS, as a trusted peer says?
  bool is_secure(const boost::asio::ip::address& peer, const boost::beast::http::fields& headers) const;

  bool empty() const noexcept { return networks_.empty(); }

 private:
  struct network {
    boost::asio::ip::address_v6::bytes_type prefix;  // IPv4 as ::ffff:a.b.c.d
    unsigned bits;
  };
  std::vector<network> networks_;
};

}  // namespace bookings::http

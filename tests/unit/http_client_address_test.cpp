#include "server/http/client_address.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace bookings::http {
namespace {

namespace ip = boost::asio::ip;
using lines = std::vector<std::string>;

const trusted_proxies ours({"10.0.0.0/8", "192.0.2.1", "2001:db8:ffff::/48", "::1", "10.200.0.0/23"});

boost::beast::http::fields forwarded(const lines& values) {
  boost::beast::http::fields headers;
  for (const auto& value : values) headers.insert("X-Forwarded-For", value);
  return headers;
}

std::string client(std::string_view peer, const lines& values) {
  return ours.client_of(ip::make_address(std::string(peer)), forwarded(values)).to_string();
}

TEST(trusted_proxies, stranger_is_taken_at_its_own_address_whatever_it_says) {
  EXPECT_EQ(client("203.0.113.7", {"198.51.100.1"}), "203.0.113.7");
  EXPECT_EQ(client("203.0.113.7", {}), "203.0.113.7");
  EXPECT_EQ(client("11.0.0.0", {"198.51.100.1"}), "11.0.0.0");
  EXPECT_EQ(trusted_proxies().client_of(ip::make_address("10.0.0.1"), forwarded({"198.51.100.1"})).to_string(), "10.0.0.1");
}

TEST(trusted_proxies, client_is_the_rightmost_address_that_is_not_ours) {
  EXPECT_EQ(client("10.0.0.1", {"198.51.100.1"}), "198.51.100.1");
  EXPECT_EQ(client("10.0.0.1", {"1.1.1.1, 198.51.100.1"}), "198.51.100.1");  // what the client made up stands left
  EXPECT_EQ(client("10.0.0.1", {"1.1.1.1, 198.51.100.1, 10.1.2.3 ,192.0.2.1"}), "198.51.100.1");
  EXPECT_EQ(client("10.0.0.1", {"1.1.1.1", "198.51.100.1", "10.1.2.3"}), "198.51.100.1");  // lines are one list
  EXPECT_EQ(client("::1", {"2001:db8::7, 2001:db8:ffff:1::2"}), "2001:db8::7");
}

TEST(trusted_proxies, list_of_ours_alone_ends_at_its_left_end) {
  EXPECT_EQ(client("10.0.0.1", {"10.0.0.3, 10.0.0.2"}), "10.0.0.3");
  EXPECT_EQ(client("10.0.0.1", {}), "10.0.0.1");
}

TEST(trusted_proxies, entry_that_is_no_address_ends_the_walk_at_the_hop_before_it) {
  for (const auto* wrong : {"unknown", "_hidden", "", "1.2.3", "1.2.3.4.5", "[::1", "[::1]x", "::1::", "256.1.1.1"})
    EXPECT_EQ(client("10.0.0.1", {std::string("198.51.100.1, ") + wrong + ", 10.0.0.9"}), "10.0.0.9") << wrong;
  EXPECT_EQ(client("10.0.0.1", {"198.51.100.1,"}), "10.0.0.1");
  EXPECT_EQ(client("10.0.0.1", {std::string(15'000, ',')}), "10.0.0.1");
}

TEST(trusted_proxies, ports_and_brackets_are_no_part_of_an_address) {
  EXPECT_EQ(client("10.0.0.1", {"198.51.100.1:4711"}), "198.51.100.1");
  EXPECT_EQ(client("10.0.0.1", {"[2001:db8::7]:4711"}), "2001:db8::7");
  EXPECT_EQ(client("10.0.0.1", {"[2001:db8::7]"}), "2001:db8::7");
}

TEST(trusted_proxies, mapped_addresses_are_the_ipv4_ones) {
  EXPECT_EQ(client("::ffff:10.0.0.1", {"::ffff:198.51.100.1"}), "198.51.100.1");
  EXPECT_EQ(client("::ffff:203.0.113.7", {"198.51.100.1"}), "203.0.113.7");
  const trusted_proxies mapped({"::ffff:10.0.0.0/104"});
  EXPECT_TRUE(mapped.has(ip::make_address("10.255.0.1")));
  EXPECT_FALSE(mapped.has(ip::make_address("11.0.0.1")));
}

TEST(trusted_proxies, networks_end_at_their_last_bit) {
  const trusted_proxies odd({"10.200.0.0/23", "2001:db8::/61"});
  EXPECT_TRUE(odd.has(ip::make_address("10.200.1.255")));
  EXPECT_FALSE(odd.has(ip::make_address("10.200.2.0")));
  EXPECT_TRUE(odd.has(ip::make_address("2001:db8:0:7::1")));
  EXPECT_FALSE(odd.has(ip::make_address("2001:db8:0:8::1")));
  EXPECT_TRUE(trusted_proxies({"0.0.0.0/0"}).has(ip::make_address("8.8.8.8")));
  EXPECT_FALSE(trusted_proxies({"0.0.0.0/0"}).has(ip::make_address("2001:db8::1")));
  EXPECT_TRUE(trusted_proxies({"::/0"}).has(ip::make_address("8.8.8.8")));
}

TEST(trusted_proxies, what_is_no_network_throws) {
  for (const auto* wrong : {"", "x", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/8x", "/8"})
    EXPECT_THROW(trusted_proxies({wrong}), std::invalid_argument) << wrong;
}

TEST(trusted_proxies, tls_is_believed_of_trusted_peers_alone) {
  boost::beast::http::fields headers;
  headers.set("X-Forwarded-Proto", "HTTPS");
  EXPECT_TRUE(ours.is_secure(ip::make_address("10.0.0.1"), headers));
  EXPECT_FALSE(ours.is_secure(ip::make_address("203.0.113.7"), headers));
  headers.set("X-Forwarded-Proto", "http");
  EXPECT_FALSE(ours.is_secure(ip::make_address("10.0.0.1"), headers));
}

TEST(client_network, is_what_one_client_has_to_itself) {
  EXPECT_EQ(client_network("203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(client_network("::ffff:203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(client_network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(client_network("2001:db8:1:2::"), client_network("2001:db8:1:2:ffff::1"));
  EXPECT_EQ(client_network("fe80::1%1"), "fe80::/64");
  EXPECT_EQ(client_network("gone"), "gone");
}

}  // namespace
}  // namespace bookings::http

#include "server/redis_url.hpp"

#include <gtest/gtest.h>

namespace bookings {
namespace {

redis_url good(std::string_view text) {
  auto found = parse_redis_url(text);
  EXPECT_TRUE(found.has_value()) << text << " " << (found ? "" : found.error().what);
  return found ? *found : redis_url{};
}

using hosts = std::vector<host_port>;

TEST(redis_url, standalone_takes_host_port_and_database) {
  auto url = good("redis://cache.example:6380/3");
  EXPECT_EQ(url.endpoint.topology, redis_topology::standalone);
  EXPECT_FALSE(url.endpoint.has_tls);
  EXPECT_EQ(url.endpoint.hosts, (hosts{{"cache.example", 6380}}));
  EXPECT_EQ(url.endpoint.database, 3);
  EXPECT_FALSE(url.endpoint.user);
  EXPECT_FALSE(url.password);
}

TEST(redis_url, standalone_defaults_are_redis_own) {
  for (auto text : {"redis://127.0.0.1", "redis://127.0.0.1/", "redis://127.0.0.1/0", "REDIS://127.0.0.1:6379"}) {
    auto url = good(text);
    EXPECT_EQ(url.endpoint.hosts, (hosts{{"127.0.0.1", 6379}})) << text;
    EXPECT_EQ(url.endpoint.database, 0);
  }
}

TEST(redis_url, ipv6_stands_in_brackets) {
  EXPECT_EQ(good("redis://[::1]").endpoint.hosts, (hosts{{"::1", 6379}}));
  EXPECT_EQ(good("redis://user:pw@[2001:db8::7]:7000/1").endpoint.hosts, (hosts{{"2001:db8::7", 7000}}));
  EXPECT_EQ(to_text(good("redis://[::1]:7000/2").endpoint), "redis://[::1]:7000/2");
}

TEST(redis_url, user_and_password_are_percent_decoded) {
  auto url = good("redis://al%40ice:p%3Aa%2Fs%23s%25@host");
  EXPECT_EQ(url.endpoint.user, "al@ice");
  EXPECT_EQ(url.password, "p:a/s#s%");
  EXPECT_EQ(good("redis://:secret@host").password, "secret");
  EXPECT_FALSE(good("redis://:secret@host").endpoint.user);
  EXPECT_FALSE(good("redis://alice@host").password);
  EXPECT_EQ(good("redis://alice:a:b@host").password, "a:b");
  EXPECT_EQ(good("redis://alice:a@b@host").password, "a@b") << "the last @ ends them";
}

TEST(redis_url, sentinel_takes_several_hosts_and_a_master) {
  auto url = good("rediss+sentinel://u:p@h1:1,h2,[::1]:3/my-master/2");
  EXPECT_EQ(url.endpoint.topology, redis_topology::sentinel);
  EXPECT_TRUE(url.endpoint.has_tls);
  EXPECT_EQ(url.endpoint.hosts, (hosts{{"h1", 1}, {"h2", 26379}, {"::1", 3}}));
  EXPECT_EQ(url.endpoint.master_name, "my-master");
  EXPECT_EQ(url.endpoint.database, 2);
  EXPECT_EQ(to_text(url.endpoint), "rediss+sentinel://h1:1,h2:26379,[::1]:3/my-master/2");
}

TEST(redis_url, cluster_takes_several_hosts) {
  auto url = good("redis+cluster://h1:7000,h2:7001");
  EXPECT_EQ(url.endpoint.topology, redis_topology::cluster);
  EXPECT_EQ(url.endpoint.hosts, (hosts{{"h1", 7000}, {"h2", 7001}}));
}

TEST(redis_url, tls_and_memory_are_schemes) {
  EXPECT_TRUE(good("rediss://host").endpoint.has_tls);
  EXPECT_EQ(good("memory://").endpoint.topology, redis_topology::memory);
  EXPECT_EQ(to_text(good("memory://").endpoint), "memory://");
}

TEST(redis_url, unix_socket_takes_a_path_and_a_database) {
  auto url = good("redis+unix:///run/redis/redis.sock");
  EXPECT_EQ(url.endpoint.topology, redis_topology::standalone);
  EXPECT_EQ(url.endpoint.unix_socket, "/run/redis/redis.sock");
  EXPECT_TRUE(url.endpoint.hosts.empty());
  EXPECT_EQ(to_text(url.endpoint), "redis+unix:///run/redis/redis.sock");
  url = good("redis+unix://alice:p%40ss@/tmp/a%20b.sock?db=3");
  EXPECT_EQ(url.endpoint.unix_socket, "/tmp/a b.sock");
  EXPECT_EQ(url.endpoint.user, "alice");
  EXPECT_EQ(url.password, "p@ss");
  EXPECT_EQ(url.endpoint.database, 3);
  EXPECT_EQ(to_text(url.endpoint), "redis+unix:///tmp/a b.sock?db=3");
  for (auto text : {"redis+unix://", "redis+unix:///", "redis+unix://run/redis.sock", "redis+unix:///run/", "rediss+unix:///x",
                    "redis+unix:///x?db=", "redis+unix:///x?db=-1", "redis+unix:///x?db=1&a=b", "redis+unix:///x?a=b",
                    "redis+unix:///x%00y", "redis+unix:///x#y", "redis+unix://host:1/x"})
    EXPECT_FALSE(parse_redis_url(text).has_value()) << text;
  EXPECT_TRUE(parse_redis_url("redis+unix:///" + std::string(106, 'x')).has_value());
  EXPECT_FALSE(parse_redis_url("redis+unix:///" + std::string(107, 'x')).has_value()) << "longer than the system's address";
}

TEST(redis_url, wrong_text_is_refused) {
  for (auto text :
       {"", "host", "host:6379", "redis:host", "redis:/host", "http://host", "redis://", "redis:///0", "redis://:6379",
        "redis://@", "redis://user@", "redis://host:", "redis://host:0", "redis://host:65536", "redis://host:12a",
        "redis://host:-1", "redis://::1", "redis://[::1", "redis://[]", "redis://[host]", "redis://[::1]7000",
        "redis://host/x", "redis://host/-1", "redis://host/65536", "redis://host/1/2", "redis://host/1?a=b",
        "redis://host#f", "redis://a b", "redis://ho%73t", "redis://256.1.1.1", "redis://h1,h2", "redis://u:%4@host",
        "redis://u:%zz@host", "redis://u:%00@host", "redis://u:pa/ss@host", "redis+sentinel://h1",
        "redis+sentinel://h1/", "redis+sentinel://h1/m/x", "redis+sentinel:///m", "redis+sentinel://h1,,h2/m",
        "redis+cluster://h1,/", "redis+cluster://h1/1", "memory://x", "memory:", "redis+tls://host"})
    EXPECT_FALSE(parse_redis_url(text).has_value()) << text;
}

TEST(redis_url, problem_never_repeats_the_text) {
  for (auto text : {"redis://u:hunter2@", "redis://u:hunter2/@host", "redis://u:hunter2%@host", "redis://u:hunter2",
                    "redis://hunter2@host:x", "hunter2://host", "redis://host/hunter2", "redis://host?hunter2"}) {
    auto found = parse_redis_url(text);
    ASSERT_FALSE(found.has_value()) << text;
    EXPECT_EQ(found.error().what.find("hunter2"), std::string::npos) << found.error().what;
  }
}

}  // namespace
}  // namespace bookings

// Where Redis is, as REDIS_URL says:
//
//   redis://[user:password@]host[:6379][/db]                      one server
//   redis+sentinel://[user:password@]h1[:26379],h2/master[/db]    the master that the sentinels name
//   redis+cluster://[user:password@]h1[:6379],h2                  a cluster, found through any of these
//   redis+unix://[user:password@]/path/to/socket[?db=2]           one server, by its Unix socket
//   rediss://, rediss+sentinel://, rediss+cluster://              likewise over TLS
//   memory://                                                     no server: entries in this process alone
//
// An IPv6 address stands in brackets; user and password are percent-encoded where they have reserved characters.
#pragma once

#include "server/config_values.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bookings {

enum class redis_topology { standalone, sentinel, cluster, memory };

// Without the password: that is a secret, and stays with them.
struct redis_endpoint {
  redis_topology topology = redis_topology::standalone;
  bool has_tls = false;
  std::optional<std::string> user;
  std::vector<host_port> hosts;  // one of a standalone server, none of memory or a socket, at least one of the others
  std::string unix_socket;       // an absolute path, where the server is reached by one
  int database = 0;
  std::string master_name;       // of sentinel
};

struct redis_url {
  redis_endpoint endpoint;
  std::optional<std::string> password;
};

parsed<redis_url> parse_redis_url(std::string_view text);

// "redis", "rediss+cluster", …
std::string_view scheme_of(const redis_endpoint& endpoint) noexcept;

// "redis://10.0.0.7:6379/0": for logs, without user and password.
std::string to_text(const redis_endpoint& endpoint);

}  // namespace bookings

// What each new connection to a Redis begins with: RESP3, the login, the connection's name and the database.
// Boost.Redis's own reconnection stays off, since it would send what was queued for one server to the next, and so does
// its health check.
#pragma once

#include "reprise/redis_options.hpp"

#include <boost/redis/config.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace reprise::redis {

// `name`: what CLIENT LIST shows; empty: none.
inline boost::redis::config wire_config(const redis_options& options, std::string_view name) {
  boost::redis::config config;
  config.addr = {options.host, std::to_string(options.port)};
  config.resolve_timeout = config.connect_timeout = options.connect_deadline;
  config.reconnect_wait_interval = std::chrono::seconds(0);
  config.health_check_interval = std::chrono::seconds(0);
  config.max_read_size = options.largest_read_bytes;
  config.use_setup = true;
  config.setup.clear();
  if (options.password.empty())
    config.setup.push("HELLO", "3");
  else
    config.setup.push("HELLO", "3", "AUTH", options.user.empty() ? "default" : options.user, options.password);
  if (!name.empty()) config.setup.push("CLIENT", "SETNAME", name);
  if (options.database != 0) config.setup.push("SELECT", options.database);
  return config;
}

}  // namespace reprise::redis

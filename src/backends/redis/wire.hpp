// How a connection to a Redis begins, for the cache and for the job queue: TLS, RESP3, the login, the connection's name
// and the database; and why it did not, in words for the log.
#pragma once

#include "reprise/redis_options.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/redis/config.hpp>
#include <boost/redis/connection.hpp>

#include <ctime>
#include <memory>
#include <string>
#include <string_view>

namespace reprise::redis {

// What was noticed while a connection was tried. Belongs to the connection's executor.
struct wire_trouble {
  std::string files;        // a file for TLS that cannot be used
  std::string certificate;  // the check that the server's certificate failed
  std::time_t certificate_ends = 0;  // of the server's own, where it was seen
  std::string refusal;      // what the server said to the set-up
  bool has_answered = false;
};

// A connection, to be run once. It writes what it notices into `trouble`, which is for it alone.
boost::redis::connection make_wire(boost::asio::any_io_executor executor, const redis_options& options,
                                   std::shared_ptr<wire_trouble> trouble);

// Boost.Redis's own reconnection stays off, since it would send what was queued for one server to the next, and so does
// its health check. `name`: what CLIENT LIST shows; empty: none.
boost::redis::config wire_config(const redis_options& options, std::string_view name);

// Why a connection ended, or did not come about. Repeats nothing that was sent.
std::string explain(boost::system::error_code error, const wire_trouble& trouble, const redis_options& options);

// "rediss://10.0.0.7:6379/0", "redis+sentinel://10.0.0.7:26379,10.0.0.8:26379/main/0": without user and password.
std::string address_of(const redis_options& options);
// "10.0.0.7:6379", "[::1]:6379".
std::string to_text(const redis_address& where);
std::string to_text(const std::vector<redis_address>& several);

// A server's error as it may be logged: one line, no control characters, and of "unknown command" not the arguments,
// which may be a password.
std::string fit_for_the_log(std::string_view words);

}  // namespace reprise::redis

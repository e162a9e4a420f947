// Where one Redis or Valkey server is, and how it is spoken to: for the cache and for the job queue alike.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace reprise {

struct redis_options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 6379;
  std::string user{};      // empty: the default user
  std::string password{};  // empty: none. Never logged.
  int database = 0;
  // For resolving, connecting and the first reply of a new connection, each.
  std::chrono::milliseconds connect_deadline{1000};
  // The largest reply that is read; a server that sends more is disconnected.
  std::size_t largest_read_bytes = 64 * 1024 * 1024;
};

}  // namespace reprise

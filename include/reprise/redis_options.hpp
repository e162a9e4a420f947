// Where a Redis or Valkey is, and how it is spoken to: for the cache and for the job queue alike. One server, the master that
// sentinels name, or a cluster.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace reprise {

// TLS 1.2 or newer. The server's certificate is always verified: its chain, its time and its name.
struct redis_tls {
  std::string ca_file{};      // PEM: authorities beyond the system's
  std::string cert_file{};    // PEM: this client's certificate, with its chain; it and the key, or neither
  std::string key_file{};     // PEM, not encrypted
  std::string server_name{};  // what is asked for (SNI) and must stand in the certificate; empty: the host
};

struct redis_address {  // where a server listens
  std::string host;  // a name, an IPv4 or an IPv6 address
  std::uint16_t port = 0;  // of TCP
  friend bool operator==(const redis_address&, const redis_address&) = default;
};

// Sentinels, asked one after the other before each new connection. They have accounts of their own; TLS as the master.
struct redis_sentinels {
  std::vector<redis_address> at{};  // at least one
  std::string master_name{};  // as the sentinels have it
  std::string user{};      // empty: the default user
  std::string password{};  // empty: none. Never logged.
};

struct redis_options {
  std::string host = "127.0.0.1";  // a name, an IPv4 or an IPv6 address
  std::uint16_t port = 6379;  // of TCP
  std::string unix_socket{};  // an absolute path of at most 107 bytes: then host and port do not count, nor does `tls`
  // Then host, port and socket do not count: they are the master's that the sentinels name.
  std::optional<redis_sentinels> sentinels{};
  // Nodes of a cluster, through any of which all of it is found; empty: no cluster. Then host, port and socket do not count,
  // and the database is 0.
  std::vector<redis_address> cluster{};
  std::string user{};         // empty: the default user
  std::string password{};     // empty: none. Never logged.
  int database = 0;
  std::optional<redis_tls> tls{};  // absent: plain. The files are read for each new connection, so they may be renewed.
  // For resolving, connecting, the TLS handshake and the first reply of a new connection, each.
  std::chrono::milliseconds connect_deadline{1000};
  // The largest reply that is read; a server that sends more is disconnected.
  std::size_t largest_read_bytes = 64 * 1024 * 1024;
};

// What is wrong with the files of `tls`: "holds no certificate". Absent: they can be used.
struct redis_tls_fault {
  enum class file { ca, cert, key };  // as the options name them
  file which;  // where it was found
  std::string what;  // in words
};
std::optional<redis_tls_fault> find_fault(const redis_tls& tls);  // reads the files

}  // namespace reprise

// The configuration: the file .env first, the environment wins over it, flags win over both; read once, at the start,
// and checked as a whole. Which variables there are, with their defaults and limits, is one table:
// server/config_table.cpp.
#pragma once

#include "reprise/policy.hpp"
#include "reprise/redis_options.hpp"
#include "server/http/api_style.hpp"
#include "server/ops/logging.hpp"
#include "server/redis_url.hpp"
#include "server/stores/mongo/name_map.hpp"
#include "server/tracing/sampler.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bookings {

// Nothing in here is a secret. Values are within the limits of the table; an absent optional is a variable that is
// unset.
struct config {
  // server
  std::string host;  // an address without brackets, or a name
  std::uint16_t port = 0;  // 0: any
  int workers = 0;  // I/O threads
  http::api_style style = http::api_style::plain;
  std::string deployment_id;  // 1 to 64 of [A-Za-z0-9_.-]

  // store
  std::string store_url;  // "sqlite:data/bookings.db", "mongodb://host/bookings": without user, password and options
  std::filesystem::path sqlite_file;  // the path in it; empty where the store is MongoDB
  mongo::name_map mongo_names;  // MONGO_COLLECTIONS, MONGO_FIELDS
  std::chrono::milliseconds store_delay{};
  int origin_reads = 0;

  // Redis and the cache
  std::optional<redis_endpoint> redis;  // from REDIS_URL, or REDIS_HOST and REDIS_PORT; absent: caching is off
  std::chrono::milliseconds redis_deadline{};
  std::optional<std::filesystem::path> redis_ca_file, redis_cert_file, redis_key_file;
  std::optional<std::string> redis_server_name, redis_sentinel_user;
  std::optional<redis_endpoint> queue_redis;  // absent: as `redis`
  std::chrono::seconds cache_ttl{};
  std::uint64_t cache_l1_bytes = 0;
  reprise::local_copies l1_mode = reprise::local_copies::off;

  // accounts
  std::chrono::seconds jwt_ttl{};
  std::optional<std::string> admin_email;  // in lower case
  int auth_rate_limit = 0;  // attempts per minute and address; 0: no limit

  // browsers and proxies
  std::vector<std::string> cors_origins;
  std::vector<std::string> trusted_proxies;  // addresses and networks

  // logs and traces
  ops::log_level log_level = ops::log_level::info;
  ops::log_format log_format = ops::log_format::text;
  std::optional<std::string> otel_endpoint;  // absent: no trace is recorded
  std::optional<std::string> otel_service;
  tracing::sampler otel_sampler;

  // payments
  std::optional<std::string> sslcommerz_store_id;
  std::string sslcommerz_base_url;
  std::optional<std::string> public_url;
};

// What must not be printed: it has no operator<<, and no error or warning ever repeats a part of it.
struct secrets {
  std::vector<std::string> jwt_secrets;  // one or two of at least 32 bytes; the first signs
  std::optional<std::string> mongodb_url;  // STORE_URL as it was given; absent where the store is a file
  std::optional<std::string> redis_password;
  std::optional<std::string> queue_redis_password;
  std::optional<std::string> redis_sentinel_password;
  std::optional<std::string> admin_password;
  std::optional<std::string> sslcommerz_store_password;
  std::vector<std::string> otel_headers;  // "name: value"
};
std::ostream& operator<<(std::ostream&, const secrets&) = delete;

// Where `errors` is not empty, the rest is of no use, and the program ends with exit status 2.
struct load_result {
  config value;
  secrets secret;
  std::vector<std::string> errors;    // all of them, each a sentence that names its variable, or its file and line
  std::vector<std::string> warnings;  // to be logged once logging has started
};

// `dotenv` is a file to read, if it is there. The keys of all maps are the variables' names; an empty value is none.
load_result load_config(const std::map<std::string, std::string>& environment,
                        std::optional<std::filesystem::path> dotenv, const std::map<std::string, std::string>& flags);

// How to reach a Redis; `password` is its own. The files for TLS and the sentinels' account are the same for all;
// `server_name` is of REDIS_URL's hosts. REQUIRES: no memory://.
reprise::redis_options redis_options_of(const redis_endpoint& where, const std::optional<std::string>& password,
                                        const config& settings, const secrets& secret);

// The variables of this process.
std::map<std::string, std::string> process_environment();

}  // namespace bookings

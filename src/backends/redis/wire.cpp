#include "src/backends/redis/wire_tls.hpp"

#include <boost/asio/error.hpp>
#include <boost/redis/error.hpp>
#include <boost/redis/logger.hpp>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace reprise::redis {
namespace {

namespace asio = boost::asio;
using boost::redis::logger;

bool uses_tls(const redis_options& options) { return options.tls && options.unix_socket.empty(); }

// Boost.Redis tells nobody but its log why a server refused the set-up.
logger listen_for_refusals(std::shared_ptr<wire_trouble> trouble) {
  return {logger::level::err, [trouble = std::move(trouble)](logger::level, std::string_view line) {
            constexpr std::string_view mark = "Setup request execution failed: ";
            if (const auto at = line.find(mark); at != std::string_view::npos)
              trouble->refusal = fit_for_the_log(line.substr(at + mark.size()));
          }};
}

std::string within(const redis_options& options) {
  return " within " + std::to_string(options.connect_deadline.count()) + " ms";
}

// Where the server did not answer as Redis does, or not at all.
std::string with_hint(std::string text, const redis_options& options) {
  if (!uses_tls(options) && options.unix_socket.empty()) text += "; does it want TLS (rediss://)?";
  return text;
}

std::string explain_refusal(const std::string& refusal) {
  // A server that does not know HELLO, or not its version 3, is Redis before 6, or only speaks its protocol.
  if (refusal.starts_with("NOPROTO") || (refusal.find("unknown command") != refusal.npos))
    return "the server does not speak RESP3: Redis 6.2 or newer is needed (" + refusal + ")";
  if (refusal.find("max number of clients") != refusal.npos) return refusal + ": raise maxclients, or see who holds them (CLIENT LIST)";
  if (refusal.find("tracking") != refusal.npos || refusal.find("TRACKING") != refusal.npos)
    return refusal + ": without CLIENT TRACKING a server that takes over another's data could not tell (docs/managed)";
  return refusal;
}

}  // namespace

boost::redis::connection make_wire(asio::any_io_executor executor, const redis_options& options,
                                   std::shared_ptr<wire_trouble> trouble) {
  auto log = listen_for_refusals(trouble);
  if (!uses_tls(options)) return boost::redis::connection(std::move(executor), std::move(log));
  return boost::redis::connection(std::move(executor), make_tls_context(options, trouble), std::move(log));
}

boost::redis::config wire_config(const redis_options& options, std::string_view name) {
  boost::redis::config config;
  config.addr = {options.host, std::to_string(options.port)};
  config.unix_socket = options.unix_socket;
  config.use_ssl = uses_tls(options);
  config.resolve_timeout = config.connect_timeout = config.ssl_handshake_timeout = options.connect_deadline;
  config.reconnect_wait_interval = std::chrono::seconds(0);
  config.health_check_interval = std::chrono::seconds(0);
  config.max_read_size = options.largest_read_bytes;
  config.use_setup = true;
  config.setup.clear();
  std::vector<std::string_view> hello{"3"};
  if (!options.user.empty() || !options.password.empty())
    hello.insert(hello.end(),
                 {"AUTH", options.user.empty() ? "default" : std::string_view(options.user), options.password});
  // Here, and not by CLIENT SETNAME, which a user with few rights may not be allowed.
  if (!name.empty()) hello.insert(hello.end(), {"SETNAME", name});
  config.setup.push_range("HELLO", hello);
  if (options.database != 0) config.setup.push("SELECT", options.database);
  return config;
}

std::string explain(boost::system::error_code why, const wire_trouble& trouble, const redis_options& options) {
  using boost::redis::error;
  if (!trouble.files.empty()) return trouble.files;
  if (auto text = explain_tls(why, trouble); !text.empty()) return text;
  if (why == error::resp3_hello && !trouble.refusal.empty()) return explain_refusal(trouble.refusal);
  if (why == error::resolve_timeout) return "its name was not resolved" + within(options);
  if (why == error::connect_timeout) return "no connection" + within(options);
  if (why == error::ssl_handshake_timeout)
    return "no answer to the TLS handshake" + within(options) + ": does the server speak TLS?";
  if (why == error::exceeds_maximum_read_buffer_size)
    return "the server sent a reply of more than " + std::to_string(options.largest_read_bytes) + " bytes";
  if (!why) return "closed";
  const bool is_of_redis = why.category() == boost::redis::make_error_code(error::not_connected).category();
  if (is_of_redis && why != error::not_connected && why != error::resp3_hello)
    return with_hint("what answers there is no Redis that speaks RESP3", options);
  if (!trouble.has_answered &&
      (why == asio::error::eof || why == asio::error::connection_reset || why == asio::error::broken_pipe))
    return with_hint("the server ended the connection before it answered", options);
  return why.message();
}

std::string address_of(const redis_options& options) {
  const std::string scheme = options.tls ? "rediss" : "redis", database = std::to_string(options.database);
  if (!options.unix_socket.empty()) return "redis+unix://" + options.unix_socket + "?db=" + database;
  if (options.sentinels)
    return scheme + "+sentinel://" + to_text(options.sentinels->at) + '/' + options.sentinels->master_name + '/' + database;
  if (!options.cluster.empty()) return scheme + "+cluster://" + to_text(options.cluster);
  return scheme + "://" + to_text({options.host, options.port}) + "/" + database;
}

std::string to_text(const redis_address& where) {
  const bool is_ipv6 = where.host.find(':') != where.host.npos;
  return (is_ipv6 ? "[" + where.host + "]" : where.host) + ':' + std::to_string(where.port);
}

std::string to_text(const std::vector<redis_address>& several) {
  std::string text;
  for (const auto& each : several) text += (text.empty() ? "" : ",") + to_text(each);
  return text;
}

std::string fit_for_the_log(std::string_view words) {
  constexpr std::size_t longest = 200;
  std::string text(words.substr(0, std::min(words.find(", with args beginning with"), longest)));
  for (auto& each : text)
    if (static_cast<unsigned char>(each) < 0x20 || each == 0x7f) each = ' ';
  return text;
}

}  // namespace reprise::redis

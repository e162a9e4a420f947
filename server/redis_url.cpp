#include "server/redis_url.hpp"

#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace bookings {
namespace {

constexpr std::uint16_t redis_port = 6379;
constexpr std::uint16_t sentinel_port = 26379;
constexpr int most_databases = 65536;
constexpr std::size_t longest_socket_path = 107;  // sockaddr_un has 108 bytes, one of them for the NUL
constexpr std::string_view unix_scheme = "redis+unix";

struct scheme {
  std::string_view name;
  redis_topology topology;
  bool has_tls;
};
constexpr std::array<scheme, 7> schemes{{{"redis", redis_topology::standalone, false},
                                         {"rediss", redis_topology::standalone, true},
                                         {"redis+sentinel", redis_topology::sentinel, false},
                                         {"rediss+sentinel", redis_topology::sentinel, true},
                                         {"redis+cluster", redis_topology::cluster, false},
                                         {"rediss+cluster", redis_topology::cluster, true},
                                         {"memory", redis_topology::memory, false}}};

// The pieces of scheme://[userinfo@]hosts[path], not decoded.
struct url_pieces {
  std::string_view userinfo, hosts, path;
  bool has_userinfo = false;
};

parsed<url_pieces> split(std::string_view rest) {
  url_pieces pieces;
  auto end = rest.find_first_of("/?#");
  auto authority = rest.substr(0, end);
  if (end != std::string_view::npos) pieces.path = rest.substr(end);
  if (pieces.path.find_first_of("?#@") != std::string_view::npos)
    return problem{"has a query, a fragment, or a password with a character to be percent-encoded"};
  auto at = authority.rfind('@');
  pieces.has_userinfo = at != std::string_view::npos;
  if (pieces.has_userinfo) pieces.userinfo = authority.substr(0, at);
  pieces.hosts = pieces.has_userinfo ? authority.substr(at + 1) : authority;
  return pieces;
}

std::optional<problem> read_userinfo(std::string_view userinfo, redis_url& url) {
  auto colon = userinfo.find(':');
  auto user = decode_percent(userinfo.substr(0, colon));
  if (!user) return problem{"has a wrongly percent-encoded user"};
  if (!user->empty()) url.endpoint.user = *user;
  if (colon == std::string_view::npos) return {};
  auto password = decode_percent(userinfo.substr(colon + 1));
  if (!password) return problem{"has a wrongly percent-encoded password"};
  if (!password->empty()) url.password = *password;
  return {};
}

std::optional<problem> read_hosts(std::string_view hosts, redis_endpoint& endpoint) {
  if (hosts.empty()) return problem{"has no host"};
  auto list = parse_list(hosts);
  if (!list) return list.error();
  if (endpoint.topology == redis_topology::standalone && list->size() > 1)
    return problem{"names several hosts, which only redis+sentinel:// and redis+cluster:// take"};
  for (const auto& each : *list) {
    auto host = parse_host_port(each, endpoint.topology == redis_topology::sentinel ? sentinel_port : redis_port);
    if (!host) return host.error();
    endpoint.hosts.push_back(*host);
  }
  return {};
}

std::optional<problem> read_database(std::string_view text, redis_endpoint& endpoint) {
  if (text.empty()) return {};
  auto number = parse_whole_number(text, 0, most_databases - 1);
  if (!number) return problem{"has no valid database number at its end"};
  endpoint.database = static_cast<int>(*number);
  if (endpoint.topology == redis_topology::cluster && endpoint.database != 0)
    return problem{"names a database, but a cluster has only number 0"};
  return {};
}

// "/3", or for sentinel "/master-name/3".
std::optional<problem> read_path(std::string_view path, redis_endpoint& endpoint) {
  if (!path.empty()) path.remove_prefix(1);
  if (endpoint.topology == redis_topology::sentinel) {
    auto slash = path.find('/');
    auto name = decode_percent(path.substr(0, slash));
    if (!name || !is_plain_text(*name, 1, 200)) return problem{"has no valid master name behind the hosts"};
    endpoint.master_name = *name;
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return read_database(path, endpoint);
}

// What stands behind redis+unix://: "[user:password@]/path[?db=2]".
parsed<redis_url> parse_unix(std::string_view rest) {
  redis_url url;
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos) return problem{"has no path of a socket"};
  auto authority = rest.substr(0, slash), path = rest.substr(slash);
  if (authority.ends_with('@')) {
    authority.remove_suffix(1);
    if (auto wrong = read_userinfo(authority, url)) return *wrong;
  } else if (!authority.empty()) {
    return problem{"has a host, where a socket has none: redis+unix:///path/to/socket"};
  }
  const auto query = path.find('?');
  if (query != std::string_view::npos) {
    constexpr std::string_view database = "?db=";
    if (!path.substr(query).starts_with(database) || path.size() == query + database.size())
      return problem{"has something other than ?db=NUMBER behind its path"};
    if (auto wrong = read_database(path.substr(query + database.size()), url.endpoint)) return *wrong;
    path = path.substr(0, query);
  }
  const auto decoded = decode_percent(path);
  if (!decoded || !is_plain_text(*decoded, 2, longest_socket_path) || decoded->ends_with('/') || path.find('#') != path.npos)
    return problem{"has no valid path of a socket: absolute, and at most 107 bytes"};
  url.endpoint.unix_socket = *decoded;
  return url;
}

}  // namespace

parsed<redis_url> parse_redis_url(std::string_view text) {
  auto colon = text.find("://");
  if (colon != std::string_view::npos && boost::beast::iequals(unix_scheme, text.substr(0, colon)))
    return parse_unix(text.substr(colon + 3));
  auto is_it = [&](const scheme& each) { return boost::beast::iequals(each.name, text.substr(0, colon)); };
  auto found = std::ranges::find_if(schemes, is_it);
  if (colon == std::string_view::npos || found == schemes.end()) return problem{"has no scheme that is known here"};

  redis_url url;
  url.endpoint.topology = found->topology;
  url.endpoint.has_tls = found->has_tls;
  auto rest = text.substr(colon + 3);
  if (found->topology == redis_topology::memory) {
    if (!rest.empty()) return problem{"has something behind memory://"};
    return url;
  }
  auto pieces = split(rest);
  if (!pieces) return pieces.error();
  if (pieces->has_userinfo)
    if (auto wrong = read_userinfo(pieces->userinfo, url)) return *wrong;
  if (auto wrong = read_hosts(pieces->hosts, url.endpoint)) return *wrong;
  if (auto wrong = read_path(pieces->path, url.endpoint)) return *wrong;
  return url;
}

std::string_view scheme_of(const redis_endpoint& endpoint) noexcept {
  if (!endpoint.unix_socket.empty()) return unix_scheme;
  for (const auto& each : schemes)
    if (each.topology == endpoint.topology && each.has_tls == endpoint.has_tls) return each.name;
  return "memory";  // which has no TLS
}

std::string to_text(const redis_endpoint& endpoint) {
  std::string text(scheme_of(endpoint));
  text += "://";
  if (!endpoint.unix_socket.empty()) {
    text += endpoint.unix_socket;
    return endpoint.database == 0 ? text : text + "?db=" + std::to_string(endpoint.database);
  }
  for (const auto& each : endpoint.hosts) {
    if (&each != &endpoint.hosts.front()) text += ',';
    bool is_ipv6 = each.host.find(':') != std::string::npos;
    text += is_ipv6 ? "[" + each.host + "]" : each.host;
    text += ':' + std::to_string(each.port);
  }
  if (!endpoint.master_name.empty()) text += '/' + endpoint.master_name;
  if (endpoint.topology == redis_topology::standalone || endpoint.database != 0)
    text += '/' + std::to_string(endpoint.database);
  return text;
}

}  // namespace bookings

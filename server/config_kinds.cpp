#include "server/config_kinds.hpp"

#include "server/domain/user.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <algorithm>
#include <charconv>
#include <fstream>

namespace bookings::config_kinds {
namespace {

constexpr std::size_t least_jwt_secret_bytes = 32;  // RFC 7518 section 3.2: a key as long as the hash
constexpr std::size_t most_jwt_secrets = 2;

std::string in_words(std::chrono::seconds duration) {
  constexpr std::chrono::hours day{24};
  if (duration >= day) return std::to_string(duration / day) + "d";
  return std::to_string(duration.count()) + "s";
}

parsed<std::string> parse_text(std::string_view value, std::size_t least_bytes, std::size_t most_bytes) {
  if (value.size() < least_bytes) return problem{"is too short"};
  if (value.size() > most_bytes) return problem{"is too long"};
  if (!is_plain_text(value, least_bytes, most_bytes))
    return problem{"has a control character (perhaps a line break at its end)"};
  return std::string(value);
}

std::string text_in_words(std::size_t least_bytes, std::size_t most_bytes) {
  return std::to_string(least_bytes) + " to " + std::to_string(most_bytes) + " bytes without control characters";
}

parsed<std::filesystem::path> parse_file(std::string_view value) {
  std::filesystem::path path(value);
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return problem{"is a directory"};
  if (!std::ifstream(path)) return problem{"is no file that can be read"};
  return path;
}

parsed<std::vector<std::string>> parse_origins(std::string_view value) {
  auto list = parse_list(value);
  if (!list) return list;
  for (const auto& each : *list) {
    auto origin = parse_http_url(each);
    if (!origin) return origin.error();
    if (!origin->path.empty()) return problem{"has an origin with a path (also a slash at its end is one)"};
  }
  return list;
}

bool is_network(const std::string& text) {
  boost::system::error_code no_address, no_v4, no_v6;
  boost::asio::ip::make_address(text, no_address);
  if (!no_address) return true;
  boost::asio::ip::make_network_v4(text, no_v4);
  boost::asio::ip::make_network_v6(text, no_v6);
  return !no_v4 || !no_v6;
}

parsed<std::vector<std::string>> parse_networks(std::string_view value) {
  auto list = parse_list(value);
  if (list && !std::ranges::all_of(*list, is_network)) return problem{"has something that is no address or network"};
  return list;
}

parsed<std::vector<std::string>> parse_jwt_secrets(std::string_view value) {
  std::vector<std::string> found;
  for (;;) {
    auto comma = value.find(',');
    auto each = value.substr(0, comma);
    if (each.size() < least_jwt_secret_bytes) return problem{"has a secret of fewer than 32 bytes"};
    if (!is_plain_text(each, 0, each.size()) || each.front() == ' ' || each.back() == ' ')
      return problem{"has a secret with a control character, or with a space at its end"};
    found.emplace_back(each);
    if (found.size() > most_jwt_secrets) return problem{"has more than two secrets"};
    if (comma == std::string_view::npos) return found;
    value.remove_prefix(comma + 1);
  }
}

constexpr std::string_view redis_allowed =
    "redis://[user:password@]host[:port][/db], redis+sentinel://[user:password@]h1[:port],h2/master[/db], "
    "redis+cluster://[user:password@]h1[:port],h2, with rediss for TLS, redis+unix://[user:password@]/path[?db=N] or memory://; "
    "reserved characters of a password percent-encoded";

// What can be said of it without the driver: the rest it says itself at the start.
std::optional<problem> set_mongodb_url(std::string_view value, std::string_view after_scheme, config_draft& draft) {
  if (!is_plain_text(value, 1, 4096)) return problem{"is too long, or has a control character"};
  const auto slash = after_scheme.find('/');
  if (slash == 0 || after_scheme.empty()) return problem{"names no host"};
  const auto database = slash == std::string_view::npos ? "" : after_scheme.substr(slash + 1, after_scheme.find('?', slash) - slash - 1);
  if (database.empty()) return problem{"names no database: write it behind the hosts, mongodb://host/bookings"};
  const auto user_end = after_scheme.substr(0, slash).rfind('@');
  const auto hosts = user_end == std::string_view::npos ? after_scheme.substr(0, slash) : after_scheme.substr(user_end + 1, slash - user_end - 1);
  draft.secret.mongodb_url = value;
  draft.value.store_url = std::string(value.substr(0, value.size() - after_scheme.size())) + std::string(hosts) + "/" + std::string(database);
  draft.value.sqlite_file.clear();
  return {};
}

std::optional<problem> set_store_url(std::string_view value, config_draft& draft) {
  constexpr std::string_view sqlite = "sqlite:";
  for (std::string_view scheme : {"mongodb://", "mongodb+srv://"})
    if (value.starts_with(scheme)) return set_mongodb_url(value, value.substr(scheme.size()), draft);
  if (!value.starts_with(sqlite)) return problem{"does not begin with sqlite:, mongodb:// or mongodb+srv://"};
  auto path = value.substr(sqlite.size());
  if (path.starts_with("///")) path.remove_prefix(2);  // as a URL writes it: sqlite:///var/lib/bookings.db
  if (path.starts_with("//")) return problem{"has two slashes before a relative path: leave them out"};
  if (!is_plain_text(path, 1, 4096) || path.ends_with('/')) return problem{"has no path of a file"};
  if (path.starts_with(":memory:")) return problem{"names a database in memory, where the data must be in a file"};
  draft.value.store_url = value;
  draft.value.sqlite_file = path;
  draft.secret.mongodb_url.reset();
  return {};
}

std::optional<problem> set_deployment_id(std::string_view value, config_draft& draft) {
  auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  };
  if (value.size() > 64) return problem{"is too long"};
  if (!std::ranges::all_of(value, is_allowed)) return problem{"has another character"};
  draft.value.deployment_id = value;
  return {};
}

// OpenTelemetry's form: "name=value,name=value", percent-encoded as W3C Baggage is.
parsed<std::vector<std::string>> parse_trace_headers(std::string_view value) {
  const auto list = parse_list(value);
  if (!list) return list.error();
  std::vector<std::string> lines;
  for (const auto& each : *list) {
    const auto equals = each.find('=');
    if (equals == each.npos || equals == 0) return problem{"has a part that is no name=value"};
    const auto name = std::string_view(each).substr(0, equals);
    const auto is_of_a_name = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    if (!std::ranges::all_of(name, is_of_a_name)) return problem{"has a name that is none of a header"};
    const auto text = decode_percent(std::string_view(each).substr(equals + 1));
    if (!text) return problem{"has a value that is not well percent-encoded"};
    if (!is_plain_text(*text, 1, 4096)) return problem{"has a value that is empty, too long, or has a control character"};
    lines.push_back(std::string(name) + ": " + *text);
  }
  return lines;
}

std::string names_of_collections() {
  std::string all;
  for (const auto& each : mongo::known_collections()) all += (all.empty() ? "" : ", ") + std::string(each.name);
  return all;
}

}  // namespace

kind duration(std::chrono::seconds config::*field, std::chrono::seconds least, std::chrono::seconds most) {
  return {in_words(least) + " to " + in_words(most) + ", as seconds or with a unit: 45s, 30m, 12h, 7d",
          [=](std::string_view value, config_draft& draft) {
            return put(parse_duration(value, least, most), field, draft);
          }};
}

kind size(std::uint64_t config::*field, std::uint64_t most) {
  return {"0 to " + std::to_string(most >> 30) + "GiB, as bytes or with a unit: 512KiB, 64MiB, 1GiB",
          [=](std::string_view value, config_draft& draft) {
            return put(parse_size_bytes(value, most), field, draft);
          }};
}

parsed<std::string> parse_host(std::string_view value) {
  if (value.starts_with('[') && value.ends_with(']')) {
    value = value.substr(1, value.size() - 2);
    if (value.find(':') == std::string_view::npos) return problem{"has no IPv6 address in its brackets"};
  }
  if (!is_host(value)) return problem{"is neither an address nor a name"};
  return std::string(value);
}

kind text(std::optional<std::string> config::*field, std::size_t least_bytes, std::size_t most_bytes) {
  return {text_in_words(least_bytes, most_bytes), [=](std::string_view value, config_draft& draft) {
            return put(parse_text(value, least_bytes, most_bytes), field, draft);
          }};
}

kind hidden_text(std::optional<std::string> secrets::*field, std::size_t least_bytes, std::size_t most_bytes) {
  return {text_in_words(least_bytes, most_bytes),
          [=](std::string_view value, config_draft& draft) {
            return put(parse_text(value, least_bytes, most_bytes), field, draft);
          },
          exposure::hidden};
}

kind file(std::optional<std::filesystem::path> config::*field) {
  return {"a file that can be read",
          [=](std::string_view value, config_draft& draft) { return put(parse_file(value), field, draft); }};
}

parsed<std::string> parse_url(std::string_view value, transport allowed) {
  auto found = allowed == transport::any ? parse_http_url(value) : parse_secure_url(value);
  if (!found) return found.error();
  while (value.ends_with('/')) value.remove_suffix(1);  // so that paths can be put behind it
  return std::string(value);
}

kind origins(std::vector<std::string> config::*field) {
  return {"origins with commas between them: https://app.example,http://localhost:3000",
          [=](std::string_view value, config_draft& draft) { return put(parse_origins(value), field, draft); }};
}

kind networks(std::vector<std::string> config::*field) {
  return {"addresses or networks with commas between them: 10.0.0.0/8,::1",
          [=](std::string_view value, config_draft& draft) { return put(parse_networks(value), field, draft); }};
}

kind redis(std::optional<redis_url> config_draft::*field) {
  auto set = [=](std::string_view value, config_draft& draft) -> std::optional<problem> {
    auto found = parse_redis_url(value);
    if (!found) return found.error();
    return put(found, field, draft);
  };
  return {std::string(redis_allowed), set, exposure::hidden};
}

kind queue_redis() {
  auto set = [](std::string_view value, config_draft& draft) -> std::optional<problem> {
    auto found = parse_redis_url(value);
    if (!found) return found.error();
    draft.value.queue_redis = found->endpoint;
    draft.secret.queue_redis_password = found->password;
    return {};
  };
  return {std::string(redis_allowed), set, exposure::hidden};
}

kind store_url() { return {"sqlite:PATH, mongodb://[user:password@]hosts/database[?options] or mongodb+srv://…", set_store_url, exposure::hidden}; }

kind mongo_collections() {
  auto set = [](std::string_view value, config_draft& draft) -> std::optional<problem> {
    if (auto wrong = mongo::read_collection_names(value, draft.value.mongo_names)) return problem{std::move(*wrong)};
    return {};
  };
  return {"name=name, with commas between them; the first of " + names_of_collections(), set};
}

kind mongo_fields() {
  auto set = [](std::string_view value, config_draft& draft) -> std::optional<problem> {
    if (auto wrong = mongo::read_member_names(value, draft.value.mongo_names)) return problem{std::move(*wrong)};
    return {};
  };
  return {"collection.field=name, with commas between them", set};
}

kind deployment_id() { return {"1 to 64 letters, digits, dots, underscores and hyphens", set_deployment_id}; }

kind jwt_secrets() {
  return {"one secret of at least 32 bytes, or two with a comma between them",
          [](std::string_view value, config_draft& draft) {
            return put(parse_jwt_secrets(value), &secrets::jwt_secrets, draft);
          },
          exposure::hidden};
}

kind admin_email() {
  auto set = [](std::string_view value, config_draft& draft) -> std::optional<problem> {
    auto address = normalize_email(value);
    if (!address) return problem{"is no email address"};
    draft.value.admin_email = std::move(address);
    return {};
  };
  return {"name@domain", set, exposure::hidden};
}

kind trace_headers() {
  return {"name=value, with commas between them, values percent-encoded",
          [](std::string_view value, config_draft& draft) {
            return put(parse_trace_headers(value), &secrets::otel_headers, draft);
          },
          exposure::hidden};
}

kind trace_sampler() {
  auto set = [](std::string_view value, config_draft& draft) -> std::optional<problem> {
    constexpr std::string_view with_parent = "parentbased_";
    auto& sampler = draft.value.otel_sampler;
    sampler.is_parent_based = value.starts_with(with_parent);
    if (sampler.is_parent_based) value.remove_prefix(with_parent.size());
    if (value == "always_on") sampler.roots = tracing::sampler::kind::always_on;
    else if (value == "always_off") sampler.roots = tracing::sampler::kind::always_off;
    else if (value == "traceidratio") sampler.roots = tracing::sampler::kind::ratio;
    else return problem{"is none of the choices"};
    return {};
  };
  return {"always_on, always_off or traceidratio, or each of them with parentbased_ before it", set};
}

kind trace_ratio() {
  auto set = [](std::string_view value, config_draft& draft) -> std::optional<problem> {
    double ratio = 0;
    const auto [end, wrong] = std::from_chars(value.data(), value.data() + value.size(), ratio);
    if (wrong != std::errc() || end != value.data() + value.size() || !(ratio >= 0 && ratio <= 1))
      return problem{"is no number from 0 to 1"};
    draft.value.otel_sampler.ratio = ratio;
    return {};
  };
  return {"a number from 0 to 1", set};
}

}  // namespace bookings::config_kinds

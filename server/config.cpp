#include "server/config.hpp"

#include "server/config_table.hpp"
#include "server/dotenv.hpp"
#include "server/spelling.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace bookings {
namespace {

using variables = std::map<std::string, std::string>;

struct sources {
  const variables& environment;
  const variables& dotenv;
  const variables& flags;
  std::string dotenv_name;
};

struct given_value {
  std::string text;
  std::string from;  // "PORT in .env", "--port"
};

const std::string* find(const variables& where, const std::string& name) {
  auto found = where.find(name);
  return found == where.end() || found->second.empty() ? nullptr : &found->second;
}

// The value that counts; absent where no source has one.
std::optional<given_value> value_of(const std::string& name, const sources& from) {
  if (const auto* value = find(from.flags, name)) return given_value{*value, flag_of(name) + " (" + name + ")"};
  if (const auto* value = find(from.environment, name)) return given_value{*value, name + " in the environment"};
  if (const auto* value = find(from.dotenv, name)) return given_value{*value, name + " in " + from.dotenv_name};
  return {};
}

// A value as an error shows it: in quotes, without control characters, and cut where it is long.
std::string shown(const config_row& row, std::string value) {
  constexpr std::size_t longest = 60;
  if (row.shows == exposure::hidden) return "the value";
  if (value.size() > longest) value = value.substr(0, longest) + "...";
  std::ranges::replace_if(value, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return '"' + value + '"';
}

void read_row(const config_row& row, const sources& from, config_draft& draft, load_result& result) {
  auto given = value_of(row.name, from);
  if (!given) {
    if (row.preset.empty()) return;
    if (auto wrong = row.set(row.preset, draft)) throw std::logic_error("default of " + row.name + " " + wrong->what);
    return;
  }
  if (auto wrong = row.set(given->text, draft)) {
    result.errors.push_back(given->from + ": " + shown(row, given->text) + " " + wrong->what + ". Allowed: " +
                            row.allowed + ".");
  }
}

std::string random_secret() {
  if (sodium_init() < 0) throw std::runtime_error("libsodium does not start");
  std::array<unsigned char, 32> bytes;
  randombytes_buf(bytes.data(), bytes.size());
  std::string text(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  text.pop_back();
  sodium_memzero(bytes.data(), bytes.size());
  return text;
}

// REDIS_URL, or else REDIS_HOST and REDIS_PORT; REDIS_PASSWORD where the URL has none.
void complete_redis(config_draft& draft) {
  if (draft.redis) {
    draft.value.redis = draft.redis->endpoint;
    if (draft.redis->password) draft.secret.redis_password = draft.redis->password;
  } else if (draft.redis_host) {
    draft.value.redis = redis_endpoint{};
    draft.value.redis->hosts = {{*draft.redis_host, draft.redis_port}};
  }
}

std::string text_of(const std::optional<std::filesystem::path>& path) { return path ? path->string() : std::string(); }

// The files for TLS are read here, so that a slip ends the start and not each connection.
void check_tls(const config& value, load_result& result) {
  using file = reprise::redis_tls_fault::file;
  const auto has_tls = [](const std::optional<redis_endpoint>& where) { return where && where->has_tls; };
  const bool is_used = has_tls(value.redis) || has_tls(value.queue_redis);
  if (!is_used) {
    if (value.redis_ca_file || value.redis_cert_file || value.redis_key_file || value.redis_server_name)
      result.warnings.push_back(
          "REDIS_CA_FILE, REDIS_CERT_FILE, REDIS_KEY_FILE and REDIS_SERVER_NAME do nothing: no URL begins with rediss://.");
    return;
  }
  const reprise::redis_tls tls{text_of(value.redis_ca_file), text_of(value.redis_cert_file), text_of(value.redis_key_file), ""};
  const auto fault = reprise::find_fault(tls);
  if (!fault) return;
  const auto* name = fault->which == file::ca ? "REDIS_CA_FILE" : fault->which == file::cert ? "REDIS_CERT_FILE" : "REDIS_KEY_FILE";
  result.errors.push_back(std::string(name) + " " + fault->what + ".");
}

// The gateway calls back and sends browsers back, so without an address of ours no payment could come to its end.
void check_payments(const config& value, const secrets& secret, load_result& result) {
  constexpr std::size_t longest_public_url = 200;  // the gateway takes 255 bytes, paths included
  if (value.sslcommerz_store_id.has_value() != secret.sslcommerz_store_password.has_value())
    result.errors.push_back("SSLCOMMERZ_STORE_ID and SSLCOMMERZ_STORE_PASSWORD go together: set both, or neither.");
  if (!value.sslcommerz_store_id) return;
  if (!value.public_url)
    result.errors.push_back("PUBLIC_URL is needed where SSLCOMMERZ_STORE_ID is set: the gateway calls back there.");
  else if (value.public_url->size() > longest_public_url)
    result.errors.push_back("PUBLIC_URL is too long for the payment gateway. Allowed: at most 200 bytes.");
}

void complete(config_draft& draft, load_result& result) {
  complete_redis(draft);
  auto& value = draft.value;
  auto& secret = draft.secret;
  if (value.workers == 0) value.workers = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 256);
  if (secret.jwt_secrets.empty()) {
    secret.jwt_secrets.push_back(random_secret());
    result.warnings.push_back("JWT_SECRET is not set: a random one is used, and all tokens end with this process.");
  }
  if (value.admin_email.has_value() != secret.admin_password.has_value())
    result.warnings.push_back("ADMIN_EMAIL and ADMIN_PASSWORD have an effect only together: no admin is created.");
  check_tls(value, result);
  check_payments(value, secret, result);
}

std::vector<std::string_view> known_names() {
  std::vector<std::string_view> names;
  for (const auto& row : config_table()) names.push_back(row.name);
  return names;
}

// .env is this program's own, so any near miss in it counts. The environment is everybody's (HOME is two letters away
// from HOST): there a name has to begin as ours does, too.
void warn_of_misspellings(const sources& from, load_result& result) {
  const auto names = known_names();
  auto warn = [&](const std::string& name, std::string_view meant, const std::string& where) {
    result.warnings.push_back(name + " in " + where + " is not known: did you mean " + std::string(meant) + "?");
  };
  for (const auto& [name, value] : from.dotenv)
    if (auto meant = nearest_name(name, names)) warn(name, *meant, from.dotenv_name);
  for (const auto& [name, value] : from.environment)
    if (auto meant = nearest_name(name, names))
      if (begins_alike(name, *meant)) warn(name, *meant, "the environment");
}

}  // namespace

load_result load_config(const variables& environment, std::optional<std::filesystem::path> dotenv_file,
                        const variables& flags) {
  load_result result;
  dotenv file;
  if (dotenv_file) file = read_dotenv(*dotenv_file);
  result.errors = file.errors;

  sources from{environment, file.values, flags, dotenv_file ? dotenv_file->string() : ""};
  config_draft draft;
  for (const auto& row : config_table()) read_row(row, from, draft, result);
  const auto names = known_names();
  for (const auto& [name, value] : flags)
    if (std::ranges::find(names, name) == names.end()) result.errors.push_back(flag_of(name) + " is not a known flag.");
  warn_of_misspellings(from, result);
  complete(draft, result);
  result.value = std::move(draft.value);
  result.secret = std::move(draft.secret);
  return result;
}

reprise::redis_options redis_options_of(const redis_endpoint& where, const std::optional<std::string>& password,
                                        const config& settings, const secrets& secret) {
  reprise::redis_options options;
  options.user = where.user.value_or("");
  options.password = password.value_or("");
  options.database = where.database;
  options.unix_socket = where.unix_socket;
  if (where.hosts.empty()) return options;
  std::vector<reprise::redis_address> hosts;
  for (const auto& each : where.hosts) hosts.push_back({each.host, each.port});
  options.host = hosts.front().host;
  options.port = hosts.front().port;
  if (where.topology == redis_topology::cluster) options.cluster = std::move(hosts);
  else if (where.topology == redis_topology::sentinel)
    options.sentinels = {std::move(hosts), where.master_name, settings.redis_sentinel_user.value_or(""),
                         secret.redis_sentinel_password.value_or("")};
  if (!where.has_tls) return options;
  options.tls.emplace();
  options.tls->ca_file = text_of(settings.redis_ca_file);
  options.tls->cert_file = text_of(settings.redis_cert_file);
  options.tls->key_file = text_of(settings.redis_key_file);
  const bool is_the_cache = settings.redis && settings.redis->hosts == where.hosts;
  if (is_the_cache) options.tls->server_name = settings.redis_server_name.value_or("");
  return options;
}

std::map<std::string, std::string> process_environment() {
  variables found;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    std::string_view entry = *each;
    auto equals = entry.find('=');
    if (equals != std::string_view::npos) found.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return found;
}

}  // namespace bookings

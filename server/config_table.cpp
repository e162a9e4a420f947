#include "server/config_table.hpp"

#include "server/config_kinds.hpp"

namespace bookings {
namespace {

using namespace std::chrono_literals;
using namespace config_kinds;
using rows = std::vector<config_row>;

constexpr std::uint64_t gibibyte = 1ull << 30;
constexpr std::chrono::hours day{24};

config_row row(std::string name, std::string preset, kind takes, std::string meaning) {
  return {{}, std::move(name), std::move(preset), std::move(takes.allowed), std::move(meaning), takes.shows,
          std::move(takes.set), std::move(takes.choices)};
}

rows server_rows() {
  return {
      row("HOST", "127.0.0.1", host(&config::host), "the address to listen on"),
      row("PORT", "8080", number(&config::port, 0, 65535), "the port to listen on; 0 picks one and logs it"),
      row("WORKERS", "", number(&config::workers, 1, 256), "I/O threads; by default as many as there are cores"),
      row("API_STYLE", "plain",
          one_of(&config::style, {{"plain", http::api_style::plain}, {"express", http::api_style::express}}),
          "how the API speaks; express: as apps with Express and Mongoose do (docs/features/express.md)"),
      row("DEPLOYMENT_ID", "default", deployment_id(),
          "deployments that share a Redis, and copies of a database, need an id of their own"),
  };
}

rows store_rows() {
  return {
      row("STORE_URL", "sqlite:data/bookings.db", store_url(), "where the data is"),
      row("MONGO_COLLECTIONS", "", mongo_collections(),
          "collections of an app's database that have other names: users=people,bookings=lessons"),
      row("MONGO_FIELDS", "", mongo_fields(),
          "fields that have other names: bookings.scheduledAt=date,users.password=hash (docs/features/express.md)"),
      row("STORE_DELAY_MS", "0", number(&config::store_delay, 0, 60'000),
          "milliseconds added to each store call of a request: for demos, tests and benchmarks"),
      row("ORIGIN_READS", "64", number(&config::origin_reads, 1, 100'000),
          "reads of the store in flight; beyond it a request waits briefly, then gets 503"),
  };
}

rows redis_rows() {
  return {
      row("REDIS_URL", "", redis(&config_draft::redis), "the Redis that caches; unset: caching is off"),
      row("REDIS_HOST", "", host(&config_draft::redis_host), "used where REDIS_URL is unset"),
      row("REDIS_PORT", "6379", number(&config_draft::redis_port, 1, 65535), "the port at REDIS_HOST"),
      row("REDIS_PASSWORD", "", hidden_text(&secrets::redis_password, 1, 1024),
          "the password at REDIS_HOST, or of a REDIS_URL without one"),
      row("REDIS_CA_FILE", "", file(&config::redis_ca_file), "TLS: authorities beyond the system's (PEM)"),
      row("REDIS_CERT_FILE", "", file(&config::redis_cert_file), "TLS: this client's certificate (PEM)"),
      row("REDIS_KEY_FILE", "", file(&config::redis_key_file), "TLS: this client's key (PEM)"),
      row("REDIS_SERVER_NAME", "", host(&config::redis_server_name), "TLS: the name in the certificate of REDIS_URL's server, where it is not the URL's host"),
      row("REDIS_SENTINEL_USER", "", text(&config::redis_sentinel_user, 1, 256), "the sentinels' own user, where they have one"),
      row("REDIS_SENTINEL_PASSWORD", "", hidden_text(&secrets::redis_sentinel_password, 1, 1024),
          "the sentinels' own password; the URL's is the master's"),
      row("REDIS_DEADLINE_MS", "50", number(&config::redis_deadline, 1, 60'000),
          "milliseconds: the longest that a request waits for Redis"),
      row("QUEUE_REDIS_URL", "", queue_redis(),
          "the job queue's Redis, by default REDIS_URL's: jobs want noeviction, a cache wants LRU"),
  };
}

rows cache_rows() {
  return {
      row("CACHE_TTL", "600", duration(&config::cache_ttl, 1s, 365 * day),
          "seconds that a reply is stored, for routes whose policy names none"),
      row("CACHE_L1_BYTES", "64MiB", size(&config::cache_l1_bytes, 1024 * gibibyte),
          "memory for replies in this process; 0: none"),
      row("CACHE_L1_MODE", "validated",
          one_of(&config::l1_mode,
                 {{"off", reprise::local_copies::off},
                  {"validated", reprise::local_copies::validated},
                  {"tracked", reprise::local_copies::tracked}}),
          "what is done with that memory, for routes whose policy names no mode"),
  };
}

rows account_rows() {
  return {
      row("JWT_SECRET", "", jwt_secrets(),
          "signs tokens; two while rotating, the first signs; unset: a random one, and tokens end with the process"),
      row("JWT_TTL", "7d", duration(&config::jwt_ttl, 1s, 3650 * day), "how long a token is good for"),
      row("ADMIN_EMAIL", "", admin_email(), "creates the first admin at start; one that is there stays as it is"),
      row("ADMIN_PASSWORD", "", hidden_text(&secrets::admin_password, 8, 128), "the first admin's password"),
      row("AUTH_RATE_LIMIT", "30", number(&config::auth_rate_limit, 0, 1'000'000),
          "attempts per minute and address on register and login; 0: no limit"),
  };
}

rows browser_rows() {
  return {
      row("CORS_ORIGINS", "", origins(&config::cors_origins), "origins that browsers may call from"),
      row("TRUSTED_PROXIES", "", networks(&config::trusted_proxies), "proxies whose X-Forwarded-For counts"),
  };
}

rows log_rows() {
  using ops::log_level, ops::log_format;
  return {
      row("LOG_LEVEL", "info",
          one_of(&config::log_level,
                 {{"trace", log_level::trace}, {"debug", log_level::debug}, {"info", log_level::info},
                  {"warn", log_level::warn}, {"error", log_level::error}, {"off", log_level::off}}),
          "what is logged, and all that is graver; SIGHUP reads it again"),
      row("LOG_FORMAT", "text",
          one_of(&config::log_format, {{"text", log_format::text}, {"json", log_format::json}}),
          "the form of a line"),
      row("OTEL_EXPORTER_OTLP_ENDPOINT", "", url(&config::otel_endpoint, transport::any),
          "the collector that traces are sent to, as http/json; unset: none are recorded"),
      row("OTEL_EXPORTER_OTLP_HEADERS", "", trace_headers(), "headers that the collector wants, such as a key"),
      row("OTEL_SERVICE_NAME", "bookings-server", text(&config::otel_service, 1, 256), "this service's name in traces"),
      row("OTEL_TRACES_SAMPLER", "parentbased_always_on", trace_sampler(),
          "which traces are recorded; parentbased: those that began elsewhere, as it was decided there"),
      row("OTEL_TRACES_SAMPLER_ARG", "1", trace_ratio(), "traceidratio: which part of the traces"),
  };
}

rows payment_rows() {
  return {
      row("SSLCOMMERZ_STORE_ID", "", text(&config::sslcommerz_store_id, 1, 30),
          "the shop's id at the payment gateway; unset: no payments but manual ones"),
      row("SSLCOMMERZ_STORE_PASSWORD", "", hidden_text(&secrets::sslcommerz_store_password, 1, 30),
          "the shop's password there"),
      row("SSLCOMMERZ_BASE_URL", "https://sandbox.sslcommerz.com",
          url(&config::sslcommerz_base_url, transport::secure), "the gateway; by default its sandbox"),
      row("PUBLIC_URL", "", url(&config::public_url, transport::secure),
          "this server as the gateway and browsers see it; at most 200 bytes where there are payments"),
  };
}

std::vector<config_row> make_table() {
  std::vector<config_row> table;
  auto add = [&](const std::string& group, rows more) {
    for (auto& each : more) {
      each.group = group;
      table.push_back(std::move(each));
    }
  };
  add("Server", server_rows());
  add("Store", store_rows());
  add("Redis", redis_rows());
  add("Cache", cache_rows());
  add("Accounts", account_rows());
  add("Browsers and proxies", browser_rows());
  add("Logs and traces", log_rows());
  add("Payments", payment_rows());
  return table;
}

}  // namespace

const std::vector<config_row>& config_table() {
  static const std::vector<config_row> table = make_table();
  return table;
}

std::string flag_of(std::string_view name) {
  std::string flag = "--";
  for (char c : name) flag += c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return flag;
}

}  // namespace bookings

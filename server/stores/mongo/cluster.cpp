#include "server/stores/mongo/cluster.hpp"

#include "server/stores/mongo/collections.hpp"
#include "server/stores/mongo/failure.hpp"
#include "server/stores/mongo/lookup.hpp"

#include <spdlog/spdlog.h>
#include <time.h>

#include <cstring>

namespace bookings::mongo {
namespace {

// Milliseconds, where the URL does not say. A server that is away is told of within the first; a command that gets no
// answer, within the last.
struct deadline {
  const char* option;
  std::int32_t ms;
};
constexpr deadline deadlines[] = {{MONGOC_URI_SERVERSELECTIONTIMEOUTMS, 3000},
                                  {MONGOC_URI_CONNECTTIMEOUTMS, 2000},
                                  {MONGOC_URI_SOCKETTIMEOUTMS, 5000}};
constexpr std::int32_t most_connections = 64;
constexpr std::chrono::seconds clock_is_good_for{30};

// Of this machine, set by nobody; goes on while the machine sleeps.
std::chrono::milliseconds since_boot() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds{now.tv_sec} + std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::nanoseconds{now.tv_nsec});
}

std::string hosts_of(const mongoc_uri_t* uri) {
  std::string all;
  for (const auto* host = mongoc_uri_get_hosts(uri); host != nullptr; host = host->next) {
    if (!all.empty()) all += ',';
    all += host->host_and_port;
  }
  if (const char* service = mongoc_uri_get_srv_hostname(uri); all.empty() && service != nullptr) all = service;
  return all;
}

constexpr std::uint32_t authentication_failed = 18;

std::string advice_for(const failure& error) {
  if (error.code() == authentication_failed) return "check the user, the password and authSource in STORE_URL";
  if (error.code() == not_authorized)
    return "give the user of STORE_URL the role readWrite on this database (indexes are made at the start)";
  return "check the hosts in STORE_URL, and that the server runs and can be reached from here";
}

}  // namespace

void start_driver() {
  static const bool started = [] {
    mongoc_log_set_handler([](mongoc_log_level_t level, const char* domain, const char* text, void*) {
      if (level <= MONGOC_LOG_LEVEL_WARNING) spdlog::debug("[Store] {}: {}", domain, text);
    }, nullptr);
    mongoc_init();
    return true;
  }();
  (void)started;
}

cluster::cluster(const cluster_options& options) : clock_(options.clock) {
  start_driver();
  bson_error_t error{};
  std::unique_ptr<mongoc_uri_t, decltype(&mongoc_uri_destroy)> uri(mongoc_uri_new_with_error(options.url.c_str(), &error),
                                                                    &mongoc_uri_destroy);
  if (!uri) throw std::runtime_error(std::string("STORE_URL is no good address of MongoDB: ") + error.message);
  const char* named = mongoc_uri_get_database(uri.get());
  where_ = hosts_of(uri.get());
  if (named == nullptr || *named == 0)
    throw std::runtime_error("STORE_URL names no database: write it behind the hosts, mongodb://" + where_ + "/bookings");
  database_ = named;
  for (const auto& each : deadlines) {
    if (!mongoc_uri_has_option(uri.get(), each.option)) mongoc_uri_set_option_as_int32(uri.get(), each.option, each.ms);
  }
  if (!mongoc_uri_has_option(uri.get(), MONGOC_URI_MAXPOOLSIZE))
    mongoc_uri_set_option_as_int32(uri.get(), MONGOC_URI_MAXPOOLSIZE, most_connections);
  if (!mongoc_uri_has_option(uri.get(), MONGOC_URI_RETRYWRITES))
    mongoc_uri_set_option_as_bool(uri.get(), MONGOC_URI_RETRYWRITES, true);
  mongoc_uri_set_option_as_utf8(uri.get(), MONGOC_URI_APPNAME, "reprise");
  pool_.reset(mongoc_client_pool_new_with_error(uri.get(), &error));
  if (!pool_) throw std::runtime_error("STORE_URL cannot be used: " + std::string(error.message));
  mongoc_client_pool_set_error_api(pool_.get(), MONGOC_ERROR_API_VERSION_2);
  std::unique_ptr<mongoc_apm_callbacks_t, decltype(&mongoc_apm_callbacks_destroy)> callbacks(
      mongoc_apm_callbacks_new(), &mongoc_apm_callbacks_destroy);
  mongoc_apm_set_command_started_cb(callbacks.get(), &cluster::count_command);
  mongoc_client_pool_set_apm_callbacks(pool_.get(), callbacks.get(), this);
  connect();
}

void cluster::count_command(const mongoc_apm_command_started_t* event) {
  if (std::strcmp(mongoc_apm_command_started_get_command_name(event), "endSessions") == 0) return;
  ++static_cast<cluster*>(mongoc_apm_command_started_get_context(event))->commands_;
}

document cluster::ask(const document& command, const char* database) {
  const auto client = borrow();
  document reply;
  bson_error_t error{};
  if (mongoc_client_command_simple(client.get(), database, command.get(), nullptr, reply.renewed(), &error))
    return reply;
  const bool is_server_s = error.domain == MONGOC_ERROR_SERVER || error.domain == MONGOC_ERROR_CLIENT;
  const bool is_wrong_password = error.domain == MONGOC_ERROR_CLIENT && error.code == MONGOC_ERROR_CLIENT_AUTHENTICATE;
  if (is_wrong_password) error.code = authentication_failed;
  throw failure(is_server_s ? failure::kind::refused : failure::kind::away, error.code, error.message);
}

// Servers before 4.4.2 know it by its older name alone.
document cluster::ask_hello() {
  constexpr std::uint32_t command_not_found = 59;
  try {
    return ask(make("hello", 1), "admin");
  } catch (const failure& error) {
    if (error.code() != command_not_found) throw;
    return ask(make("isMaster", 1), "admin");
  }
}

// Which servers do is written nowhere that a program can read.
bool cluster::knows_lookup() {
  const auto stage = lookup_stage(counters, "_id", make("_id", 1), "reprise_0");
  try {
    ask(make("aggregate", counters, "pipeline", std::vector<document>(1, stage), "cursor", document()), database_.c_str());
    return true;
  } catch (const failure& error) {
    if (error.which() != failure::kind::refused || error.code() == not_authorized) throw;
    return false;
  }
}

void cluster::connect() {
  try {
    const auto build = ask(make("buildInfo", 1), "admin");
    const auto hello = ask_hello();
    if (hello.has("msg"))  // "isdbgrid"
      throw std::runtime_error("it is a sharded cluster, which this version does not support yet: name a replica set");
    has_several_primaries_ = hello.has("setName");
    if (build.has("ferretdbVersion") && !has_several_primaries_)
      spdlog::warn("[Store] The database is FerretDB: before its version 2 it does not keep two updates of one document"
                   " apart. Use it for tests alone");
    has_lookup_ = knows_lookup();
    (void)now();
  } catch (const failure& error) {
    throw std::runtime_error("the store at " + where_ + " cannot be used: " + error.what() + ". " + advice_for(error));
  } catch (const std::runtime_error& error) {
    throw std::runtime_error("the store at " + where_ + " cannot be used: " + error.what());
  }
}

std::int64_t cluster::server_time() {
  return ask_hello().time("localTime").time_since_epoch().count();
}

std::int64_t cluster::now() {
  if (clock_) return clock_();
  const std::scoped_lock lock(time_mutex_);
  const auto here = since_boot();
  if (asked_at_.count() < 0 || here - asked_at_ > clock_is_good_for) {
    ahead_of_boot_ms_ = server_time() - here.count();
    asked_at_ = here;
  }
  return since_boot().count() + ahead_of_boot_ms_;
}

cluster::lease::lease(mongoc_client_pool_t* pool) : pool_(pool), client_(mongoc_client_pool_pop(pool)) {}

}  // namespace bookings::mongo

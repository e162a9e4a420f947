#include "server/doctor_command.hpp"

#include "server/app.hpp"
#include "server/caching/cached_routes.hpp"
#include "server/caching/session_check.hpp"
#include "server/config.hpp"
#include "server/jobs/payment_jobs.hpp"
#include "server/ops/doctor.hpp"
#include "server/ops/doctor_places.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <boost/json/serialize.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace bookings {
namespace {

using ops::examined;

constexpr int nothing_bad = 0, something_bad = 1, wrong_configuration = 2;
constexpr int queue_connections = 2, worker_connections = 2;  // docs/operations.md, "Connections"

std::vector<std::string> cache_prefixes() {
  std::vector<std::string> all{std::string(caching::sessions_prefix), "reprise"};
  for (const auto& each : caching::cached_routes())
    if (std::ranges::find(all, each.policy.prefix) == all.end()) all.push_back(each.policy.prefix);
  return all;
}

// As server/app.cpp gives it: a cluster wants a hash tag.
std::string queue_prefix(bool is_cluster) {
  return (is_cluster ? "{bull}" : payment_jobs_options().prefix) + ":" + std::string(payment_queue);
}

// Both Redis servers that the configuration names, or the one that is both.
class redis_section {
 public:
  redis_section(const config& settings, const secrets& secret) : settings_(settings), secret_(secret) {}

  std::vector<examined> examine() {
    const bool has_jobs = settings_.sslcommerz_store_id.has_value();
    const auto& cache = settings_.redis;
    const auto& queue = settings_.queue_redis;
    if (!cache)
      tell("cache", ops::warning("REDIS_URL is not set: caching is off", "set REDIS_URL, or be content with it"));
    if (cache && cache->topology == redis_topology::memory)
      tell("cache", ops::good("memory://: entries in each process, and no server"));
    if (has_server(cache)) {
      const bool is_shared = has_jobs && !queue;
      cache_ = look(is_shared ? "cache and queue" : "cache", *cache, secret_.redis_password, {true, is_shared});
      // A cluster's masters make one identity, which none of them tells.
      if (cache->topology != redis_topology::cluster) identity_ = identity_in(cache_);
    }
    if (!has_jobs)
      tell("queue", ops::skipped("SSLCOMMERZ_STORE_ID is not set: there are no jobs"));
    else if (has_server(queue))
      look_at_queue(*queue);
    else if (!has_server(cache))
      tell("queue", ops::warning("there is no Redis for it: each process takes its own steps",
                                 "set QUEUE_REDIS_URL to spread them"));
    return std::move(found_);
  }

  const std::string& identity() const noexcept { return identity_; }

 private:
  static bool has_server(const std::optional<redis_endpoint>& where) {
    return where && where->topology != redis_topology::memory;
  }
  static std::string identity_in(const ops::info_fields& info) {
    const auto run = info.find("run_id"), replication = info.find("master_replid");
    if (run == info.end() || replication == info.end()) return {};
    return run->second + "/" + replication->second;
  }
  void tell(const char* about, ops::finding found) { found_.push_back({about, "configuration", std::move(found)}); }

  void look_at_queue(const redis_endpoint& queue) {
    const auto info = look("queue", queue, secret_.queue_redis_password, {false, true});
    if (!cache_.empty() && !info.empty())
      found_.push_back({"queue", "neighbours", ops::judge_neighbours(cache_, info)});
  }

  // The server, or each master that sentinels or a cluster's nodes name. What the one server tells of itself, where it
  // is one.
  ops::info_fields look(const char* about, const redis_endpoint& where, const std::optional<std::string>& password,
                        ops::duties used_for) {
    tell(about, ops::good(to_text(where)));
    ops::redis_patient patient;
    patient.options = redis_options_of(where, password, settings_, secret_);
    patient.used_for = used_for;
    patient.deadline = settings_.redis_deadline;
    patient.local = settings_.l1_mode;
    patient.cache_prefixes = cache_prefixes();
    const bool is_cluster = where.topology == redis_topology::cluster;
    if (is_cluster) patient.mode = ops::expected_mode::cluster;
    patient.queue_prefix = queue_prefix(is_cluster);
    if (used_for.caches) patient.connections += settings_.workers + 1;
    if (used_for.queues) patient.connections += queue_connections + worker_connections;
    const bool is_alone = !is_cluster && where.topology != redis_topology::sentinel;
    if (is_alone) return examine(patient, about);
    const auto places =
        is_cluster ? ops::ask_cluster(about, patient.options) : ops::ask_sentinels(about, patient.options);
    std::ranges::copy(places.findings, std::back_inserter(found_));
    ops::info_fields only;
    for (const auto& each : places.masters) {
      auto one = patient;
      one.options = ops::options_of_one(patient.options, each);
      only = examine(one, fmt::format("{}, master {}:{}", about, each.host, each.port));
    }
    return places.masters.size() == 1 ? only : ops::info_fields();
  }

  ops::info_fields examine(ops::redis_patient patient, std::string about) {
    patient.about = std::move(about);
    auto report = ops::examine_redis(patient);
    std::ranges::move(report.findings, std::back_inserter(found_));
    return std::move(report.info);
  }

  const config& settings_;
  const secrets& secret_;
  std::vector<examined> found_;
  ops::info_fields cache_;
  std::string identity_;
};

std::vector<examined> examine(const load_result& loaded) {
  const auto& settings = loaded.value;
  std::vector<examined> all;
  for (const auto& each : loaded.warnings)
    all.push_back({"configuration", "variables", ops::warning(each, "docs/configuration or --help has the variables")});
  if (all.empty()) all.push_back({"configuration", "variables", ops::good("all are valid")});
  redis_section servers(settings, loaded.secret);
  std::ranges::move(servers.examine(), std::back_inserter(all));
  std::ranges::move(
      ops::examine_store({.address = settings.store_url,
                          .file = settings.sqlite_file,
                          .open = [&loaded] { return open_inspection(loaded.value, loaded.secret); },
                          .has_cache = settings.redis && settings.redis->topology != redis_topology::memory,
                          .redis_identity = servers.identity()}),
      std::back_inserter(all));
  if (settings.sslcommerz_store_id)
    std::ranges::move(ops::examine_gateway({settings.sslcommerz_base_url, settings.public_url.value_or("")}),
                      std::back_inserter(all));
  else
    all.push_back(
        {"gateway", "configuration", ops::skipped("SSLCOMMERZ_STORE_ID is not set: payments are manual ones alone")});
  return all;
}

}  // namespace

int run_doctor(const command& wanted) {
  const auto loaded = load_config(process_environment(), ".env", wanted.flags);
  for (const auto& error : loaded.errors) std::fprintf(stderr, "bookings-server: %s\n", error.c_str());
  if (!loaded.errors.empty()) return wrong_configuration;
  spdlog::set_level(spdlog::level::off);  // what is found is told in one place
  const auto found = examine(loaded);
  const auto text = wanted.is_json ? boost::json::serialize(ops::to_json(found)) + "\n"
                                   : ops::to_text(found, ::isatty(STDOUT_FILENO) == 1);
  std::fputs(text.c_str(), stdout);
  return ops::worst_of(found) == ops::verdict::bad ? something_bad : nothing_bad;
}

}  // namespace bookings

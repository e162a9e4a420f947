#include "server/app.hpp"

#include "reprise/backends.hpp"
#include "reprise/response_cache.hpp"
#include "server/api/accounts.hpp"
#include "server/api/booking_routes.hpp"
#include "server/api/gateway_routes.hpp"
#include "server/api/gigs.hpp"
#include "server/api/manual_payment_routes.hpp"
#include "server/api/once.hpp"
#include "server/api/payment_routes.hpp"
#include "server/api/profile_routes.hpp"
#include "server/api/review_routes.hpp"
#include "server/api/sessions.hpp"
#include "server/api/trail_routes.hpp"
#include "server/api/whole_account.hpp"
#include "server/auth/guard.hpp"
#include "server/caching/cache_collector.hpp"
#include "server/caching/cache_stage.hpp"
#include "server/caching/invalidations.hpp"
#include "server/caching/refusal_stage.hpp"
#include "server/caching/session_check.hpp"
#include "server/caching/store_log.hpp"
#include "server/caching/table_fingerprint.hpp"
#include "server/http/api_style.hpp"
#include "server/http/listener.hpp"
#include "server/http/pipeline.hpp"
#include "server/http/rate_limits.hpp"
#include "server/jobs/payment_jobs.hpp"
#include "server/ops/cache_times.hpp"
#include "server/ops/dashboard_routes.hpp"
#include "server/ops/demo_switch.hpp"
#include "server/ops/job_desk.hpp"
#include "server/ops/live.hpp"
#include "server/ops/openapi.hpp"
#include "server/ops/ops_routes.hpp"
#include "server/ops/page_routes.hpp"
#include "server/payments/absent_gateway.hpp"
#include "server/payments/payment_flow.hpp"
#include "server/payments/sslcommerz.hpp"
#include "server/stores/mongo/mongo_bulk.hpp"
#include "server/stores/mongo/mongo_store.hpp"
#include "server/stores/sqlite/sqlite_bulk.hpp"
#include "server/stores/sqlite/sqlite_store.hpp"
#include "server/tracing/begin_trace.hpp"
#include "server/tracing/exporter.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <future>
#include <stdexcept>
#include <thread>

namespace bookings {
namespace {

constexpr std::size_t store_readers = 4;
constexpr std::size_t mongodb_readers = 16, mongodb_writers = 8;  // each waits for the network, and not for a disk or a lock
constexpr std::chrono::seconds drain_time{10};
// Between the first "no" of /ready and the closed port, for a load balancer to look; where nobody has looked for half a
// minute, nobody is waited for.
constexpr std::chrono::seconds ready_grace{1}, ready_watched{30};
constexpr std::chrono::seconds finish_time{3}, spans_time{2};

std::shared_ptr<reprise::backend> make_backend(const config& settings, const secrets& secret, http::io_threads& threads,
                                               const std::shared_ptr<reprise::environment>& world) {
  if (!settings.redis) {
    spdlog::warn("[Redis] REDIS_URL not configured. Caching disabled.");
    return nullptr;
  }
  if (settings.redis->topology == redis_topology::memory) return reprise::make_memory_backend({}, world);
  std::vector<boost::asio::any_io_executor> executors;
  for (std::size_t i = 0; i < threads.size(); ++i) executors.push_back(threads.context(i).get_executor());
  return reprise::make_redis_backend(redis_options_of(*settings.redis, secret.redis_password, settings, secret), std::move(executors));
}

std::unique_ptr<payment_gateway> make_gateway(const config& settings, const secrets& secret) {
  if (!settings.sslcommerz_store_id) return make_absent_gateway();
  sslcommerz_options options;
  options.base_url = settings.sslcommerz_base_url;
  options.public_url = settings.public_url.value_or("");
  options.store_id = *settings.sslcommerz_store_id;
  options.store_password = secret.sslcommerz_store_password.value_or("");
  return make_sslcommerz_gateway(std::move(options));
}

payment_jobs_options jobs_options(const config& settings, const secrets& secret, duty does) {
  payment_jobs_options options;
  options.takes_steps = does != duty::requests;
  const auto& where = settings.queue_redis ? settings.queue_redis : settings.redis;
  if (where && where->topology != redis_topology::memory)
    options.redis = redis_options_of(*where, settings.queue_redis ? secret.queue_redis_password : secret.redis_password, settings, secret);
  // The hash tag that keeps all keys of a queue in one slot; BullMQ's own advice for a cluster.
  if (where && where->topology == redis_topology::cluster) options.prefix = "{bull}";
  return options;
}

// A route that the API's description has not got, or has otherwise, ends the start: not where it is released, whose tests
// have passed.
void hold_against_description([[maybe_unused]] const http::router& routes) {
#ifndef NDEBUG
  const auto wrong = ops::openapi_differences(ops::openapi_document(), routes);
  if (!wrong.empty()) throw std::logic_error(fmt::format("{}", fmt::join(wrong, "\n")));
#endif
}

// Puts a switch around it, where there is one.
std::shared_ptr<ops::demo_switch> put_switch(std::shared_ptr<reprise::backend>& around) {
  if (!around) return nullptr;
  auto made = ops::make_switched_backend(around);
  around = std::move(made.where);
  return made.by;
}

// Null where there is no queue.
std::unique_ptr<ops::job_desk> make_desk(const boost::asio::any_io_executor& executor, const config& settings,
                                         const payment_jobs_options& from) {
  if (!settings.sslcommerz_store_id || !from.redis) return nullptr;
  reprise::jobs::queue_options options;
  options.name = payment_queue;
  options.prefix = from.prefix;
  options.redis = *from.redis;
  options.deadline = std::chrono::seconds(2);
  return std::make_unique<ops::job_desk>(executor, std::move(options));
}

// Null where no trace is recorded.
std::shared_ptr<tracing::exporter> make_exporter(const config& settings, const secrets& secret) {
  if (!settings.otel_endpoint) return nullptr;
  tracing::exporter_options options;
  options.endpoint = *settings.otel_endpoint;
  options.headers = secret.otel_headers;
  options.who = {*settings.otel_service, REPRISE_VERSION, make_id(), settings.deployment_id};
  return std::make_shared<tracing::exporter>(std::move(options));
}

reprise::options cache_options(const config& settings, std::function<void(std::string_view, std::size_t)> on_invalidated) {
  reprise::options options;
  options.on_invalidated = std::move(on_invalidated);
  options.deployment = settings.deployment_id;
  options.table = caching::fingerprint_of(caching::present_table());
  options.default_ttl = settings.cache_ttl;
  options.local_bytes = settings.cache_l1_bytes;
  options.local = settings.l1_mode;
  options.deadline = settings.redis_deadline;
  options.origin_reads = static_cast<std::size_t>(settings.origin_reads);
  return options;
}

}  // namespace

std::unique_ptr<store> open_store(const config& settings, const secrets& secret) {
  if (secret.mongodb_url) return make_mongo_store({.url = *secret.mongodb_url, .names = settings.mongo_names});
  // One reader more than the read lane has threads: upkeep must never wait for a request's read.
  return make_sqlite_store({.path = settings.sqlite_file.string(), .readers = store_readers + 2});
}

std::unique_ptr<bulk_source> open_bulk_source(const config& settings, const secrets& secret) {
  if (secret.mongodb_url) return open_mongo_source({.url = *secret.mongodb_url, .names = settings.mongo_names});
  return open_sqlite_source(settings.sqlite_file.string());
}

std::unique_ptr<bulk_target> open_bulk_target(const config& settings, const secrets& secret, const std::string& source) {
  if (secret.mongodb_url) return open_mongo_target({.url = *secret.mongodb_url, .names = settings.mongo_names}, source);
  return open_sqlite_target(settings.sqlite_file.string(), source);
}

std::unique_ptr<store_inspection> open_inspection(const config& settings, const secrets& secret) {
  if (secret.mongodb_url) return inspect_mongo_store(*secret.mongodb_url, settings.mongo_names);
  return inspect_sqlite_store(settings.sqlite_file.string());
}

// In the order of construction; destroyed in reverse, after the I/O threads have been joined.
struct app::parts {
  parts(const config& settings, const secrets& secret, std::unique_ptr<store> opened, duty does, demonstration is_demo)
      : data(std::move(opened)),
        threads(static_cast<std::size_t>(settings.workers)),
        world(reprise::make_environment()),
        spans(make_exporter(settings, secret)),
        stores(*data, {.readers = secret.mongodb_url ? mongodb_readers : store_readers,
                       .writers = secret.mongodb_url ? mongodb_writers : 1,
                       .delay = settings.store_delay,
                       .system = secret.mongodb_url ? "mongodb" : "sqlite",
                       .on_operation = [this](std::string_view operation) { numbers.count_store_operation(operation); }}),
        backend(make_backend(settings, secret, threads, world)),
        redis(is_demo == demonstration::yes ? put_switch(backend) : nullptr),
        desk(make_desk(threads.context(0).get_executor(), settings, jobs_options(settings, secret, does))),
        cache(cache_options(settings, [this](std::string_view scope, std::size_t entries) { news.note_invalidated(scope, entries); }),
              backend, caching::make_store_log(stores), world,
              spdlog::default_logger()),
        news(threads.context(0).get_executor(),
             {cache, times, stores, desk.get(), redis.get(), backend ? backend->address() : std::string()}),
        invalidate(cache, stores),
        repeats(stores, invalidate),
        limits(cache, {.deployment = settings.deployment_id, .sign_ins = settings.auth_rate_limit}),
        tokens(secret.jwt_secrets, settings.jwt_ttl, [] { return std::chrono::system_clock::now(); }),
        gateway(make_gateway(settings, secret)),
        flow(stores, invalidate, *gateway, watch) {
    if (settings.sslcommerz_store_id) {
      auto options = jobs_options(settings, secret, does);
      options.spans = spans;
      jobs.emplace(threads.context(0).get_executor(), stores, flow, watch, *counts, std::move(options));
    }
    api::add_account_routes(routes, stores, passwords, tokens);
    api::add_session_routes(routes, {stores, invalidate, passwords, tokens});
    api::add_whole_account_routes(routes, stores, invalidate, passwords);
    api::add_gig_routes(routes, stores, invalidate, repeats);
    api::add_booking_routes(routes, stores, invalidate, repeats);
    api::add_profile_routes(routes, stores, invalidate);
    api::add_review_routes(routes, stores, repeats);
    api::add_manual_payment_routes(routes, stores, invalidate, repeats);
    api::payment_parts payments{stores, invalidate, repeats, watch, {}};
    if (jobs) payments.begin = [this](const gateway_payment& what, const auto& of) { jobs->begin(what, of); };
    api::add_payment_routes(routes, std::move(payments));
    api::add_gateway_routes(routes, flow, *gateway);
    api::add_trail_routes(routes, stores);
    ops::add_ops_routes(routes, {stores, cache, numbers, slow, ready});
    ops::add_openapi_routes(routes);
    ops::add_page_routes(routes);
    ops::add_dashboard_routes(routes, {cache, news, caching::make_session_check(cache, stores), desk.get(),
                                       is_demo == demonstration::yes, redis, settings.store_delay});
    hold_against_description(routes);
    if (spans) numbers.add(spans);
    numbers.add(counts);
    numbers.add(collector = caching::make_cache_collector(cache, *data));
    way.emplace(routes,
                http::pipeline_parts{
                    .authenticate = [this](std::string_view header) { return auth::authenticate(tokens, header); },
                    .check_session = caching::make_session_check(cache, stores),
                    .around = caching::make_refusal_stage(invalidate, repeats.around(caching::make_cache_stage(cache))),
                    .observe =
                        [this](const http::request& what, std::string_view route, unsigned status,
                               std::chrono::duration<double> took) {
                          const auto exactly = std::chrono::duration_cast<std::chrono::nanoseconds>(took);
                          numbers.observe_request(route, status, exactly);
                          if (what.cached_as) times.observe(*what.cached_as, exactly);
                        },
                    .origins = http::cors(settings.cors_origins),
                    .limit = [this](const http::request& what, http::throttle as) { return limits.refuse(what, as); },
                    .begin_trace = [this, which = settings.otel_sampler](const http::request& what) {
                      return tracing::begin_trace(what, which, spans);
                    }});
    if (does == duty::jobs) return;
    doors.emplace(threads,
                  http::listener_options{.host = settings.host,
                                         .port = settings.port,
                                         .limits = {},
                                         .proxies = http::trusted_proxies(settings.trusted_proxies),
                                         .origins = http::cors(settings.cors_origins)},
                  [this](http::request& what) { return (*way)(what); });
  }

  ops::metrics numbers;
  std::unique_ptr<store> data;
  payment_watch watch;  // before the threads: whoever waits on one when it ends still gives its place back
  std::shared_ptr<job_counts> counts = std::make_shared<job_counts>(std::string(payment_queue));
  http::io_threads threads;
  std::shared_ptr<reprise::environment> world;
  std::shared_ptr<tracing::exporter> spans;  // null: no trace is recorded
  async_store stores;
  boost::asio::thread_pool slow{1};
  auth::password_pool passwords;
  std::shared_ptr<reprise::backend> backend;
  std::shared_ptr<ops::demo_switch> redis;  // null: no demonstration, or no Redis
  ops::cache_times times;
  std::unique_ptr<ops::job_desk> desk;  // where there is a queue
  reprise::response_cache cache;
  ops::live news;
  caching::invalidator invalidate;
  api::once repeats;
  http::rate_limits limits;
  auth::token_authority tokens;
  std::unique_ptr<payment_gateway> gateway;
  payment_flow flow;
  std::optional<payment_jobs> jobs;  // where a gateway is set up
  std::shared_ptr<prometheus::Collectable> collector;
  ops::readiness ready;
  http::router routes;
  std::optional<http::pipeline> way;
  std::optional<http::listener> doors;
  std::future<void> keeper;  // ends when the cache's run() does
};

app::app(const config& settings, const secrets& secret, std::unique_ptr<store> data, duty does, demonstration is_demo) {
  http::use_api_style(settings.style);  // before the cache, whose table it is a part of
  parts_ = std::make_unique<parts>(settings, secret, std::move(data), does, is_demo);
}

app::~app() { drain_and_stop(); }

void app::start() {
  parts_->keeper = boost::asio::co_spawn(parts_->threads.context(0), parts_->cache.run(), boost::asio::use_future);
  if (parts_->jobs) parts_->jobs->start();
  if (parts_->doors) {
    parts_->news.start();
    parts_->doors->start();
  }
  parts_->threads.start();
}

std::uint16_t app::port() const noexcept { return parts_->doors ? parts_->doors->port() : 0; }

std::vector<std::string> app::routes() const {
  std::vector<std::string> lines;
  for (const auto& each : parts_->routes.routes())
    lines.push_back(
        fmt::format("{} {} {}", std::string_view(to_string(each->method)), each->pattern, to_text(each->who)));
  return lines;
}

bool app::is_caching() const noexcept { return parts_->cache.is_available(); }

void app::drain_and_stop() {
  if (!parts_->keeper.valid()) return;
  parts_->ready.begin_draining();
  if (parts_->ready.is_watched(ready_watched)) std::this_thread::sleep_for(ready_grace);
  const auto deadline = std::chrono::steady_clock::now() + drain_time;
  parts_->watch.close();
  parts_->news.close();
  if (parts_->doors)
    boost::asio::co_spawn(parts_->threads.context(0), parts_->doors->drain(deadline), boost::asio::use_future).wait();
  if (parts_->jobs)
    boost::asio::co_spawn(parts_->threads.context(0), parts_->jobs->stop(drain_time), boost::asio::use_future).wait();
  if (parts_->desk) parts_->desk->close();
  parts_->gateway->close();
  // After the last request: its invalidation still needed Redis.
  parts_->cache.stop();
  parts_->keeper.wait_for(std::chrono::seconds(2));
  parts_->keeper = {};
  // What still runs ends by itself, if it can: nothing suspended is then destroyed with the contexts.
  if (!parts_->threads.finish(finish_time))
    spdlog::warn("[Server] Something was still running at the end, and is cut off");
  parts_->threads.stop();
  parts_->threads.join();
  if (parts_->spans) parts_->spans->close(spans_time);
}

}  // namespace bookings

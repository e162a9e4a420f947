#include "server/ops/dashboard_routes.hpp"

#include "server/http/body.hpp"
#include "server/http/query.hpp"
#include "server/ops/kept_key_json.hpp"
#include "server/ops/seed.hpp"

#include <spdlog/spdlog.h>
#include <boost/asio/this_coro.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <array>
#include <chrono>

namespace bookings::ops {
namespace {

namespace jobs = reprise::jobs;
using boost::asio::awaitable;
using boost::beast::http::verb;
using http::access;
using http::reply;
using http::request;
using std::chrono::milliseconds;

constexpr std::size_t page_keys = 1000;    // looked at in one call of the backend
constexpr milliseconds longest_walk{400};  // of one request, through a keyspace that has little of what is wanted
constexpr std::int64_t most_keys = 1000, usual_keys = 200;
constexpr std::size_t most_body_bytes = 256 * 1024;  // of an entry, shown
constexpr std::int64_t most_jobs = 100;
constexpr std::size_t most_words = 4 * 1024;  // bytes of a job's reason, and of its stack trace: any worker wrote them

std::string to_text(jobs::job::time when) { return format_time(std::chrono::floor<milliseconds>(when)); }

boost::json::value time_or_null(const std::optional<jobs::job::time>& when) {
  return when ? boost::json::value(to_text(*when)) : boost::json::value();
}

// The beginning of a text in UTF-8, whole characters.
std::string_view beginning(std::string_view text) {
  if (text.size() <= most_words) return text;
  auto end = most_words;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

boost::json::object to_json(const jobs::job& from) {
  // The last attempt's, where it says more than the reason does.
  std::string_view stack = from.stack_trace.empty() ? std::string_view{} : from.stack_trace.back();
  if (stack == from.failed_reason) stack = {};
  return {{"id", from.id},
          {"name", from.name},
          {"createdAt", to_text(from.timestamp)},
          {"processedAt", time_or_null(from.processed_on)},
          {"finishedAt", time_or_null(from.finished_on)},
          {"attempts", from.attempts_made},
          {"delayMilliseconds", from.delay.count()},
          {"failedReason", beginning(from.failed_reason)},
          {"stackTrace", beginning(stack)}};
}

struct state_name {
  std::string_view name;
  jobs::job_state state;
};
constexpr std::array state_names{
    state_name{"waiting", jobs::job_state::waiting}, state_name{"active", jobs::job_state::active},
    state_name{"delayed", jobs::job_state::delayed}, state_name{"completed", jobs::job_state::completed},
    state_name{"failed", jobs::job_state::failed}};

class dashboard_routes : public std::enable_shared_from_this<dashboard_routes> {
 public:
  explicit dashboard_routes(dashboard_parts parts) : parts_(std::move(parts)) {}

  awaitable<reply> events(request& what) {
    // A request of its own for the stream, which outlives this one, to hold the token against its account again and
    // again.
    auto own = std::make_shared<request>(what.copy());
    live::permission may_look = [self = shared_from_this(), own]() -> awaitable<bool> {
      const auto good = co_await self->parts_.check_session(*own, self->events_route_);
      // Where neither cache nor store can say, the picture of that is worth seeing; the token was good a moment ago.
      co_return good || good.error() != errc::unauthorized;
    };
    const auto executor = co_await boost::asio::this_coro::executor;
    reply answer;
    answer.content_type = "text/event-stream; charset=utf-8";
    answer.set("X-Accel-Buffering", "no");  // nginx would hold events back
    if (what.method == verb::head) co_return answer;
    answer.stream = parts_.news.watch(executor, std::move(may_look));
    if (!answer.stream) co_return http::failure(errc::overloaded, what.request_id);
    co_return answer;
  }

  awaitable<reply> keys(request& what) {
    http::query_reader query(what);
    const auto prefix = query.optional_text("prefix", 1, 200);
    const auto given = query.optional_text("cursor", 1, 512);
    const auto wanted = static_cast<std::size_t>(query.integer("limit", 1, most_keys, usual_keys));
    if (!prefix) query.reject("prefix", "must be a prefix (bookings) or a scope (bookings:user:…)");
    if (auto failed = query.failure()) co_return *failed;
    const auto ends = std::chrono::steady_clock::now() + longest_walk;
    boost::json::array rows;
    std::string cursor = given.value_or("");
    do {
      const auto page = co_await parts_.cache.keys(*prefix, cursor, page_keys);
      if (!page) co_return refuse(page.error(), what);
      for (const auto& each : page->keys) rows.push_back(ops::to_json(each));
      cursor = page->next;
    } while (!cursor.empty() && rows.size() < wanted && std::chrono::steady_clock::now() < ends);
    boost::json::object data{{"keys", std::move(rows)}, {"next", nullptr}};
    if (!cursor.empty()) data["next"] = cursor;
    co_return http::success(200, std::move(data));
  }

  awaitable<reply> entry(request& what) {
    http::query_reader query(what);
    const auto key = query.optional_text("key", 1, 1024);
    if (!key) query.reject("key", "must be an entry's key");
    if (auto failed = query.failure()) co_return *failed;
    const auto found = co_await parts_.cache.entry(*key, most_body_bytes);
    if (!found) co_return refuse(found.error(), what);
    if (!*found) co_return http::failure(errc::not_found, what.request_id);
    const auto& one = **found;
    auto data = ops::to_json(one.facts);
    data["generation"] = one.generation;
    data["status"] = one.status;
    data["etag"] = one.tag;
    data["contentType"] = one.content_type;
    data["compressed"] = one.is_compressed;
    data["freshForMilliseconds"] = one.fresh_for.count();
    data["bodyBytes"] = one.body_bytes;
    data["truncated"] = one.is_cut;
    data["body"] = one.body;
    co_return http::success(200, std::move(data));
  }

  awaitable<reply> list_jobs(request& what) {
    http::query_reader query(what);
    std::array<std::string_view, state_names.size()> names;
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = state_names[i].name;
    const auto wanted = query.one_of("state", names, "failed");
    const auto most = static_cast<std::size_t>(query.integer("limit", 1, most_jobs, 20));
    if (auto failed = query.failure()) co_return *failed;
    if (parts_.jobs == nullptr) co_return http::success(200, {{"queue", nullptr}, {"jobs", boost::json::array()}});
    auto state = jobs::job_state::failed;
    for (const auto& each : state_names)
      if (each.name == wanted) state = each.state;
    const auto found = co_await parts_.jobs->range(state, 0, most - 1);
    if (!found) co_return http::failure(errc::overloaded, what.request_id);
    boost::json::array rows;
    for (const auto& each : *found) rows.push_back(to_json(each));
    co_return http::success(200, {{"queue", "payments"}, {"jobs", std::move(rows)}});
  }

  awaitable<reply> retry_job(request& what) {
    if (parts_.jobs == nullptr) co_return http::failure(errc::not_found, what.request_id);
    const auto& id = what.path_value("id");
    const auto done = co_await parts_.jobs->retry(id);
    if (!done && done.error() == jobs::errc::not_found) co_return http::failure(errc::not_found, what.request_id);
    if (!done && done.error() == jobs::errc::wrong_state) co_return http::failure(errc::wrong_state, what.request_id);
    if (!done) co_return http::failure(errc::overloaded, what.request_id);
    spdlog::info("[Jobs] {} is tried again: an admin asked for it (request {})", is_plain(id) ? id : "a job",
                 what.request_id);
    co_return http::success(200, {{"id", id}});
  }

  awaitable<reply> show_demo(request&) {
    co_return http::success(
        200, {{"student", demo_student_email},
              {"teacher", demo_teacher_email},
              {"password", demo_password},
              {"storeDelayMilliseconds", parts_.store_delay.count()},
              {"redis", parts_.redis ? boost::json::value(parts_.redis->is_on()) : boost::json::value()}});
  }

  awaitable<reply> switch_redis(request& what) {
    http::body_reader body(what);
    constexpr std::array<std::string_view, 2> states{"on", "off"};
    const auto wanted = body.one_of("state", states);
    if (auto failed = body.failure()) co_return *failed;
    if (!parts_.redis) co_return http::failure(errc::wrong_state, what.request_id);
    spdlog::info("[Redis] Switched {} for a demonstration", wanted);
    parts_.redis->turn(wanted == "on");
    co_return http::success(200, {{"redis", wanted == "on"}});
  }

 private:
  static bool is_plain(std::string_view id) {
    return id.size() <= 64 &&
           id.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:_-") == id.npos;
  }
  static reply refuse(boost::system::error_code error, const request& what) {
    if (error == reprise::errc::invalid_name) return http::failure(errc::invalid_field, what.request_id);
    if (error == reprise::errc::bad_reply) return http::failure(errc::unprocessable, what.request_id);
    return http::failure(errc::cache_unavailable, what.request_id);
  }

  const dashboard_parts parts_;
  const http::route events_route_{verb::get, "/api/events", access::admin, {}};
};

}  // namespace

void add_dashboard_routes(http::router& routes, dashboard_parts parts) {
  const bool is_demo = parts.is_demo;
  const auto here = std::make_shared<dashboard_routes>(std::move(parts));
  routes.add({verb::get, "/api/events", access::admin, [here](request& r) { return here->events(r); }});
  routes.add({verb::get, "/api/cache/keys", access::admin, [here](request& r) { return here->keys(r); }});
  routes.add({verb::get, "/api/cache/entry", access::admin, [here](request& r) { return here->entry(r); }});
  routes.add({verb::get, "/api/jobs", access::admin, [here](request& r) { return here->list_jobs(r); }});
  routes.add({verb::post, "/api/jobs/:id/retry", access::admin, [here](request& r) { return here->retry_job(r); }});
  if (!is_demo) return;
  routes.add({verb::get, "/api/demo", access::admin, [here](request& r) { return here->show_demo(r); }});
  routes.add({verb::post, "/api/demo/redis", access::admin, [here](request& r) { return here->switch_redis(r); }});
}

}  // namespace bookings::ops

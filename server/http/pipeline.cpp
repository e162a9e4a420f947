#include "server/http/pipeline.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>

#include <spdlog/spdlog.h>

#include <exception>
#include <string>
#include <utility>

namespace bookings::http {
namespace {

using verb = boost::beast::http::verb;
using field = boost::beast::http::field;
using clock = std::chrono::steady_clock;

// What the stages know of a request under way.
struct visit {
  const router& routes;
  const pipeline_parts& parts;
  request& what;
  const route* where = nullptr;  // from the stage `route` on
  clock::time_point began{};

  std::string_view pattern() const noexcept {
    return where ? std::string_view(where->pattern) : std::string_view("unmatched");
  }
};

// For a line of the log.
std::string id_of(const request& what) {
  if (!what.traced) return "request " + what.request_id;
  return "request " + what.request_id + ", trace " + reprise::to_hex(what.traced->of->now().trace);
}

// Attributes as OpenTelemetry names them for HTTP servers. The path itself is in none: it may name people.
void end_trace(const visit& now, unsigned status) {
  auto& work = now.what.traced->work;
  if (work) {
    const auto method = std::string(to_string(now.what.method));
    work.rename(method + ' ' + std::string(now.pattern()));
    work.set("http.request.method", method);
    work.set("http.route", std::string(now.pattern()));
    work.set("http.response.status_code", std::int64_t{status});
    work.set("reprise.request_id", now.what.request_id);
    if (status >= 500) work.fail();
  }
  now.what.traced.reset();
}

std::optional<reply> give_request_id(visit& now) {
  const auto given = now.what.headers["X-Request-Id"];
  now.what.request_id = is_request_id(given) ? std::string(given) : make_request_id();
  return std::nullopt;
}

std::optional<reply> start_clock(visit& now) {
  now.began = clock::now();
  return std::nullopt;
}

std::optional<reply> answer_preflight(visit& now) {
  if (!now.parts.origins.is_preflight(now.what)) return std::nullopt;
  const auto match = now.routes.find(now.what.method, now.what.encoded_path());
  if (match.allowed.empty()) return std::nullopt;  // no such path: as for everybody
  return cors::preflight(match.allowed);
}

std::optional<reply> find_route(visit& now) {
  auto match = now.routes.find(now.what.method, now.what.encoded_path());
  now.where = match.found;
  now.what.path_values = std::move(match.path_values);
  if (match.found) return std::nullopt;
  if (match.allowed.empty()) return failure(errc::not_found, now.what.request_id);
  auto answer = failure(errc::method_not_allowed, now.what.request_id);
  std::string allowed;
  for (const auto& method : match.allowed) allowed.append(allowed.empty() ? "" : ", ").append(method);
  answer.set("Allow", allowed);
  return answer;
}

std::optional<reply> authenticate(visit& now) {
  auto who = now.parts.authenticate(now.what.header(field::authorization));
  if (!who) return failure(who.error(), now.what.request_id);
  now.what.identity = std::move(*who);
  return std::nullopt;
}

boost::asio::awaitable<std::optional<reply>> check_session(visit& now) {
  const auto good = co_await now.parts.check_session(now.what, *now.where);
  if (good) co_return std::nullopt;
  co_return failure(good.error(), now.what.request_id);
}

bool is_allowed(access who, role has) noexcept {
  switch (who) {
    case access::anyone:
    case access::signed_in:
      return true;
    case access::student:
      return has == role::student;
    case access::teacher:
      return has == role::teacher;
    case access::admin:
      return has == role::admin;
  }
  return false;
}

std::optional<reply> authorise(visit& now) {
  if (now.where->who == access::anyone) return std::nullopt;
  if (!now.what.identity) return failure(errc::unauthorized, now.what.request_id);
  if (!is_allowed(now.where->who, now.what.identity->role)) return failure(errc::forbidden, now.what.request_id);
  return std::nullopt;
}

std::optional<reply> check_media_type(visit& now) {
  const auto method = now.what.method;
  const bool takes_body = method == verb::post || method == verb::put || method == verb::delete_;
  if (now.what.body.empty() || !takes_body) return std::nullopt;
  auto type = now.what.header(field::content_type);
  type = type.substr(0, type.find(';'));  // "application/json; charset=utf-8"
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  const bool is_form = now.where->takes == media::form;
  if (boost::beast::iequals(type, is_form ? "application/x-www-form-urlencoded" : "application/json")) return std::nullopt;
  return failure(errc::unsupported_media_type, now.what.request_id);
}

// Either `run`, at once, or `ask`, which may wait for somebody else and is passed by where there is no token: a request
// without one makes no coroutine for it.
struct stage {
  std::string_view name;
  std::optional<reply> (*run)(visit&);  // a reply ends the visit
  boost::asio::awaitable<std::optional<reply>> (*ask)(visit&) = nullptr;
};

// The order of a request's stages.
constexpr stage stages[] = {
    // First: every refusal below names the id, and so does every line of the log.
    {"request id", give_request_id},
    // Before all that can refuse: what is refused counts and takes time too.
    {"metrics", start_clock},
    // Before the route, which has no OPTIONS, and before authentication: browsers send no token with the question.
    {"preflight", answer_preflight},
    // Before authentication: the route's pattern labels the metrics of a bad token, and an unknown path costs no
    // signature.
    {"route", find_route},
    // Before authorisation, which needs its result; and on public routes too, where a bad token is an error and not a
    // guest.
    {"authenticate", authenticate},
    // After the signature, so that a forged token never costs a look into cache or store; before authorisation, so that
    // a token that was ended learns nothing, not even what its role could do.
    {"session", nullptr, check_session},
    // Before the body is looked at: who may not call a route learns nothing about what it takes.
    {"authorise", authorise},
    // Before the cache stage and the controller, which may then take every body for JSON.
    {"media type", check_media_type},
    // Then, in pipeline::run(): `limit`, once it is known whose request it is, and before anything that costs: the
    // hash of a password, a write. `around`, which may answer for the controller, but only to those who passed all of the
    // above: a cached reply is never given to somebody who could not have fetched it. Then the controller.
};

}  // namespace

pipeline::pipeline(const router& routes, pipeline_parts parts) : routes_(routes), parts_(std::move(parts)) {}

boost::asio::awaitable<reply> pipeline::operator()(request& what) const {
  if (parts_.begin_trace) what.traced = parts_.begin_trace(what);
  return what.traced ? run_traced(what) : run(what);
}

// On an executor that knows the trace: so do all that the request waits for.
boost::asio::awaitable<reply> pipeline::run_traced(request& what) const {
  const auto here = co_await boost::asio::this_coro::executor;
  auto executor = reprise::traced(here, what.traced->of);
  co_return co_await boost::asio::co_spawn(std::move(executor), run(what), boost::asio::use_awaitable);
}

boost::asio::awaitable<reply> pipeline::run(request& what) const {
  visit now{routes_, parts_, what};
  reply answer;
  try {
    std::optional<reply> early;
    for (const auto& each : stages) {
      if (each.run != nullptr) {
        early = each.run(now);
      } else if (what.identity && parts_.check_session) {
        early = co_await each.ask(now);
      }
      if (early) break;
    }
    if (!early && parts_.limit && now.where->counts_as != throttle::none) {
      const auto wait = co_await parts_.limit(what, now.where->counts_as);
      if (wait) early = too_many_requests(*wait, what.request_id);
    }
    if (early) {
      answer = std::move(*early);
    } else if (parts_.around) {
      answer = co_await parts_.around(what, *now.where, now.where->handle);
    } else {
      answer = co_await now.where->handle(what);
    }
  } catch (const std::exception& error) {
    spdlog::error("[Server] {} {} failed: {} ({})", std::string_view(to_string(what.method)), now.pattern(), error.what(),
                  id_of(what));
    answer = failure(errc::internal, what.request_id);
  }
  what.looked_up = {};  // where nobody served from it: an idle connection must hold nothing of the cache
  const auto took = clock::now() - now.began;
  if (parts_.observe) parts_.observe(what, now.pattern(), answer.status, took);
  if (what.traced) {
    spdlog::debug("[Server] {} {} answered {} after {:.1f} ms ({})", std::string_view(to_string(what.method)), now.pattern(),
                  answer.status, std::chrono::duration<double, std::milli>(took).count(), id_of(what));
    end_trace(now, answer.status);
  }
  co_return answer;
}

}  // namespace bookings::http

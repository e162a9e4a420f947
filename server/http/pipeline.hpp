// A request's way from the session to its controller and back. The order of the stages is a table in pipeline.cpp, with
// the reason of each position.
//
// Thread safety: constant once constructed; serves requests on all I/O threads at once. Its parts must bear that too.
// It must outlive the listener's sessions.
#pragma once

#include "server/domain/user.hpp"
#include "server/http/cors.hpp"
#include "server/http/reply.hpp"
#include "server/http/request.hpp"
#include "server/http/router.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace bookings::http {

// Who makes the request, by the value of its Authorization header (empty where it has none: then absent). An error
// (errc::unauthorized) is the reply, on routes for anyone too.
using authenticator = std::function<result<std::optional<identity>>(std::string_view authorization)>;

// Does the identity of a verified token still speak for anybody? An error is the reply. Asked only where there is one.
// May look ahead for what the route's stages will need. The request outlives the call.
using session_check = std::function<boost::asio::awaitable<result<void>>(request& what, const route& where)>;

// Stands around a controller: the cache stage. Answers itself, or calls `next`, which is the route's controller and
// lives as long as the router.
using around_stage =
    std::function<boost::asio::awaitable<reply>(request& what, const route& where, const controller& next)>;

// Counts a request against its limit. Absent: it may go on; else in how many seconds it may come again.
using request_limit =
    std::function<boost::asio::awaitable<std::optional<std::chrono::seconds>>(const request& what, throttle counts_as)>;

// Told of every request once its reply is known; `what` lives until it returns. `pattern` is the route's, or "unmatched": never the path itself, so
// that clients cannot make up metrics.
using request_observer =
    std::function<void(const request& what, std::string_view pattern, unsigned status, std::chrono::duration<double> seconds)>;

// Whose trace a request is a part of; null for none.
using trace_beginner = std::function<std::unique_ptr<request_trace>(const request& what)>;

struct pipeline_parts {
  authenticator authenticate;
  session_check check_session;  // empty: a good signature is enough
  around_stage around;       // empty: controllers are called directly
  request_observer observe;  // empty: nobody is told
  cors origins = {};         // whose preflights are answered
  request_limit limit = {};  // empty: none
  trace_beginner begin_trace = {};  // empty: no request is traced
};

class pipeline {
 public:
  // `routes` must outlive the pipeline, and all of them must be there already.
  pipeline(const router& routes, pipeline_parts parts);

  // The reply to a request, whatever happens: an exception is logged with the request's id and answered with
  // errc::internal. Suitable as the sessions' request_handler.
  boost::asio::awaitable<reply> operator()(request& what) const;

 private:
  boost::asio::awaitable<reply> run_traced(request& what) const;
  boost::asio::awaitable<reply> run(request& what) const;

  const router& routes_;
  pipeline_parts parts_;
};

}  // namespace bookings::http

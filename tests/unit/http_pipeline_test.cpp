#include "server/http/pipeline.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>

namespace bookings::http {
namespace {

namespace asio = boost::asio;
using verb = boost::beast::http::verb;
using field = boost::beast::http::field;

asio::awaitable<reply> say_hello(request&) { co_return success(200, "hello"); }
asio::awaitable<reply> fail_hard(request&) {
  throw std::runtime_error("a secret of ours");
  co_return reply();
}

// Tokens of these tests: the name of a role, or "none" for a bad one.
result<std::optional<identity>> by_role(std::string_view authorization) {
  if (authorization.empty()) return std::optional<identity>();
  if (const auto role = parse_role(authorization))
    return std::optional<identity>(identity{"0123456789abcdef01234567", *role});
  return errc::unauthorized;
}

struct pipeline_test : testing::Test {
  router routes;
  pipeline_parts parts;
  std::string observed;

  pipeline_test() {
    routes.add({verb::get, "/open/:id", access::anyone, say_hello});
    routes.add({verb::get, "/signed", access::signed_in, say_hello});
    routes.add({verb::post, "/student", access::student, say_hello});
    routes.add({verb::put, "/teacher", access::teacher, say_hello});
    routes.add({verb::get, "/admin", access::admin, say_hello});
    routes.add({verb::get, "/broken", access::anyone, fail_hard});
    parts.authenticate = by_role;
    parts.observe = [this](const request&, std::string_view pattern, unsigned status, std::chrono::duration<double> seconds) {
      EXPECT_GE(seconds.count(), 0.0);
      observed = std::string(pattern) + " " + std::to_string(status);
    };
  }

  reply run(request& what) {
    const pipeline way(routes, parts);
    asio::io_context context;
    auto answer = asio::co_spawn(context, way(what), asio::use_future);
    context.run();
    return answer.get();
  }
  unsigned status(verb method, std::string target, std::string_view token = "") {
    request what;
    what.method = method;
    what.target = std::move(target);
    if (!token.empty()) what.headers.set(field::authorization, token);
    return run(what).status;
  }
  unsigned status_with_body(verb method, std::string target, std::string_view token, std::string_view type) {
    request what;
    what.method = method;
    what.target = std::move(target);
    what.body = "{}";
    what.headers.set(field::authorization, token);
    if (!type.empty()) what.headers.set(field::content_type, type);
    return run(what).status;
  }
};

TEST_F(pipeline_test, unknown_path_is_404_and_has_one_label) {
  EXPECT_EQ(status(verb::get, "/nothing/here"), 404u);
  EXPECT_EQ(observed, "unmatched 404");
}

TEST_F(pipeline_test, wrong_method_is_405_with_allow) {
  request what;
  what.method = verb::post;
  what.target = "/signed?a=1";
  const auto answer = run(what);
  EXPECT_EQ(answer.status, 405u);
  ASSERT_EQ(answer.headers.size(), 1u);
  EXPECT_EQ(answer.headers.find("Allow"), "GET, HEAD");
}

TEST_F(pipeline_test, preflight_is_answered_before_anybody_is_asked_for_a_token) {
  parts.origins = cors({"https://app.example"});
  request what;
  what.method = verb::options;
  what.target = "/signed";
  what.headers.set(field::origin, "https://app.example");
  what.headers.set(field::access_control_request_method, "GET");
  EXPECT_EQ(run(what).status, 204u);
  what.headers.set(field::origin, "https://other.example");
  EXPECT_EQ(run(what).status, 405u);
  what.headers.set(field::origin, "https://app.example");
  what.target = "/nothing";
  EXPECT_EQ(run(what).status, 404u);
}

TEST_F(pipeline_test, bad_token_is_401_on_open_routes_too) {
  EXPECT_EQ(status(verb::get, "/open/1"), 200u);
  EXPECT_EQ(status(verb::get, "/open/1", "student"), 200u);
  EXPECT_EQ(status(verb::get, "/open/1", "none"), 401u);
  EXPECT_EQ(observed, "/open/:id 401");
}

TEST_F(pipeline_test, roles_open_exactly_their_routes) {
  EXPECT_EQ(status(verb::get, "/signed"), 401u);
  for (const auto* token : {"student", "teacher", "admin"}) {
    EXPECT_EQ(status(verb::get, "/signed", token), 200u) << token;
    EXPECT_EQ(status(verb::post, "/student", token), token == std::string("student") ? 200u : 403u) << token;
    EXPECT_EQ(status(verb::put, "/teacher", token), token == std::string("teacher") ? 200u : 403u) << token;
    EXPECT_EQ(status(verb::get, "/admin", token), token == std::string("admin") ? 200u : 403u) << token;
  }
}

TEST_F(pipeline_test, ended_session_is_401_before_its_role_is_looked_at) {
  int asked = 0;
  parts.check_session = [&](request& what, const route&) -> asio::awaitable<result<void>> {
    ++asked;
    EXPECT_EQ(what.identity->user_id, "0123456789abcdef01234567");
    EXPECT_FALSE(what.request_id.empty());
    co_return errc::unauthorized;
  };
  EXPECT_EQ(status(verb::get, "/open/1", "student"), 401u);
  EXPECT_EQ(status(verb::get, "/admin", "student"), 401u);
  EXPECT_EQ(observed, "/admin 401");
  EXPECT_EQ(asked, 2);
}

TEST_F(pipeline_test, session_that_cannot_be_checked_is_503_and_a_good_one_goes_on) {
  parts.check_session = [](request&, const route&) -> asio::awaitable<result<void>> { co_return errc::store_unavailable; };
  EXPECT_EQ(status(verb::get, "/signed", "student"), 503u);
  parts.check_session = [](request&, const route&) -> asio::awaitable<result<void>> { co_return result<void>(); };
  EXPECT_EQ(status(verb::get, "/signed", "student"), 200u);
  EXPECT_EQ(status_with_body(verb::post, "/student", "student", "text/plain"), 415u) << "the stages behind it run";
}

TEST_F(pipeline_test, session_is_asked_for_neither_without_a_token_nor_for_a_bad_one) {
  parts.check_session = [](request&, const route&) -> asio::awaitable<result<void>> {
    ADD_FAILURE() << "asked";
    co_return result<void>();
  };
  EXPECT_EQ(status(verb::get, "/open/1"), 200u);
  EXPECT_EQ(status(verb::get, "/signed"), 401u);
  EXPECT_EQ(status(verb::get, "/open/1", "none"), 401u);
  EXPECT_EQ(status(verb::get, "/nothing", "student"), 404u);
}

TEST_F(pipeline_test, body_of_another_type_is_415_after_authorisation) {
  EXPECT_EQ(status_with_body(verb::post, "/student", "student", "application/json"), 200u);
  EXPECT_EQ(status_with_body(verb::post, "/student", "student", "Application/JSON ; charset=utf-8"), 200u);
  EXPECT_EQ(status_with_body(verb::post, "/student", "student", "text/plain"), 415u);
  EXPECT_EQ(status_with_body(verb::put, "/teacher", "teacher", ""), 415u);
  EXPECT_EQ(status_with_body(verb::post, "/student", "teacher", "text/plain"), 403u);
  EXPECT_EQ(status(verb::post, "/student", "student"), 200u);
}

TEST_F(pipeline_test, exception_is_500_and_tells_nothing) {
  request what;
  what.method = verb::get;
  what.target = "/broken";
  const auto answer = run(what);
  EXPECT_EQ(answer.status, 500u);
  EXPECT_EQ(answer.body.find("secret"), answer.body.npos);
  EXPECT_NE(answer.body.find(what.request_id), answer.body.npos);
  EXPECT_EQ(observed, "/broken 500");
}

TEST_F(pipeline_test, clients_request_id_is_kept_where_it_is_a_good_one) {
  request what;
  what.method = verb::get;
  what.target = "/open/1";
  what.headers.set("X-Request-Id", "client-7");
  run(what);
  EXPECT_EQ(what.request_id, "client-7");
  what.headers.set("X-Request-Id", "client 7");
  run(what);
  EXPECT_NE(what.request_id, "client 7");
  EXPECT_TRUE(is_request_id(what.request_id));
}

TEST_F(pipeline_test, around_stage_sees_an_authorised_request_and_may_call_the_controller) {
  int calls = 0;
  parts.around = [&](request& what, const route& where, const controller& next) -> asio::awaitable<reply> {
    ++calls;
    EXPECT_EQ(where.pattern, "/open/:id");
    EXPECT_EQ(what.path_value("id"), "a/b");
    auto answer = co_await next(what);
    answer.set("X-Cache", "MISS");
    co_return answer;
  };
  request what;
  what.method = verb::head;
  what.target = "/open/a%2Fb";
  const auto answer = run(what);
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.headers.size(), 1u);
  EXPECT_EQ(status(verb::get, "/admin", "student"), 403u);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace bookings::http

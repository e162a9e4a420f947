#include "server/http/router.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace bookings::http {
namespace {

using verb = boost::beast::http::verb;
using names = std::vector<std::string>;

route make_route(verb method, std::string pattern) { return {method, std::move(pattern), access::anyone, {}}; }

struct router_test : testing::Test {
  router routes;
  router_test() {
    routes.add(make_route(verb::get, "/api/gigs"));
    routes.add(make_route(verb::post, "/api/gigs"));
    routes.add(make_route(verb::get, "/api/gigs/:id"));
    routes.add(make_route(verb::put, "/api/users/me"));
    routes.add(make_route(verb::get, "/api/users/:id"));
    routes.add(make_route(verb::put, "/api/bookings/:id/status/:step"));
    routes.add(make_route(verb::post, "/api/payments/init"));
  }
  std::string pattern(verb method, std::string_view path) const {
    const auto match = routes.find(method, path);
    return match.found ? match.found->pattern : "";
  }
};

TEST_F(router_test, find_text_segments_finds_the_methods_route) {
  EXPECT_EQ(pattern(verb::get, "/api/gigs"), "/api/gigs");
  EXPECT_EQ(routes.find(verb::post, "/api/gigs").found->method, verb::post);
}

TEST_F(router_test, find_head_finds_gets_route) {
  EXPECT_EQ(routes.find(verb::head, "/api/gigs").found->method, verb::get);
  EXPECT_EQ(routes.find(verb::head, "/api/payments/init").found, nullptr);
}

TEST_F(router_test, find_named_segments_gives_their_values) {
  const auto match = routes.find(verb::put, "/api/bookings/55/status/x");
  ASSERT_NE(match.found, nullptr);
  EXPECT_EQ(match.path_values, (parameters{{"id", "55"}, {"step", "x"}}));
}

TEST_F(router_test, find_encoded_slash_stays_in_its_segment) {
  const auto match = routes.find(verb::get, "/api/gigs/a%2Fb%20c");
  ASSERT_NE(match.found, nullptr);
  EXPECT_EQ(match.path_values, (parameters{{"id", "a/b c"}}));
  EXPECT_EQ(pattern(verb::get, "/api%2Fgigs"), "");
}

TEST_F(router_test, find_encoded_text_segment_is_the_same_segment) {
  EXPECT_EQ(pattern(verb::get, "/%61pi/gigs"), "/api/gigs");
}

TEST_F(router_test, find_text_has_no_such_method_falls_back_to_named_segment) {
  EXPECT_EQ(pattern(verb::get, "/api/users/me"), "/api/users/:id");
  EXPECT_EQ(pattern(verb::put, "/api/users/me"), "/api/users/me");
  EXPECT_EQ(pattern(verb::put, "/api/users/7"), "");
}

TEST_F(router_test, find_wrong_method_lists_the_allowed_ones_with_head) {
  const auto match = routes.find(verb::delete_, "/api/gigs");
  EXPECT_EQ(match.found, nullptr);
  EXPECT_EQ(match.allowed, (names{"GET", "HEAD", "POST"}));
  EXPECT_EQ(routes.find(verb::delete_, "/api/users/me").allowed, (names{"GET", "HEAD", "PUT"}));
  EXPECT_EQ(routes.find(verb::unknown, "/api/payments/init").allowed, (names{"POST"}));
}

TEST_F(router_test, find_unknown_path_finds_nothing_and_allows_nothing) {
  for (const auto* path :
       {"/", "/api", "/api/gigs/", "/api/gigs/1/2", "/api//gigs", "//", "*", "", "/api/bookings//status/x"}) {
    const auto match = routes.find(verb::get, path);
    EXPECT_EQ(match.found, nullptr) << path;
    EXPECT_TRUE(match.allowed.empty()) << path;
  }
}

TEST_F(router_test, add_same_method_and_pattern_throws) {
  EXPECT_THROW(routes.add(make_route(verb::get, "/api/gigs")), std::logic_error);
  EXPECT_THROW(routes.add(make_route(verb::get, "/api/gigs/:other")), std::logic_error);
  EXPECT_THROW(routes.add(make_route(verb::get, "api")), std::logic_error);
  EXPECT_EQ(routes.routes().size(), 7u);
}

TEST_F(router_test, routes_are_in_the_order_of_adding) {
  EXPECT_EQ(routes.routes().front()->pattern, "/api/gigs");
  EXPECT_EQ(routes.routes().back()->pattern, "/api/payments/init");
}

}  // namespace
}  // namespace bookings::http

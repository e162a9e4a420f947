#include "server/ops/openapi.hpp"

#include <gtest/gtest.h>

namespace bookings::ops {
namespace {

using boost::beast::http::verb;
using http::access;

constexpr std::string_view document =
    R"({"paths":{"/a/{id}":{"parameters":[],"get":{"security":[{},{"token":[]}]},"put":{"security":[{"token":["admin"]}]}},)"
    R"("/demo":{"get":{"security":[{"token":[]}],"x-only-in-demo":true}}}})";

TEST(openapi, table_that_agrees_has_no_differences) {
  http::router routes;
  routes.add({verb::get, "/a/:id", access::anyone, {}});
  routes.add({verb::put, "/a/:id", access::admin, {}});
  EXPECT_TRUE(openapi_differences(document, routes).empty());
  routes.add({verb::get, "/demo", access::signed_in, {}});
  EXPECT_TRUE(openapi_differences(document, routes).empty());
}

TEST(openapi, each_side_is_told_what_it_lacks) {
  http::router routes;
  routes.add({verb::get, "/a/:id", access::signed_in, {}});
  routes.add({verb::get, "/b", access::anyone, {}});
  EXPECT_EQ(openapi_differences(document, routes),
            (std::vector<std::string>{"GET /a/:id is for signed_in, and by api/openapi.json for anyone",
                                      "GET /b is served, and api/openapi.json has not got it",
                                      "PUT /a/:id is in api/openapi.json, and not served"}));
}

}  // namespace
}  // namespace bookings::ops

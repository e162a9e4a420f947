#include "server/http/cors.hpp"

#include <gtest/gtest.h>

namespace bookings::http {
namespace {

using field = boost::beast::http::field;
using verb = boost::beast::http::verb;

const cors ours({"https://app.example", "http://localhost:3000"});

std::string header_of(const reply& answer, std::string_view name) {
  std::string all;
  answer.headers.each([&](std::string_view key, std::string_view value) {
    if (key == name) all.append(all.empty() ? "" : "|").append(value);
  });
  return all;
}

request question(verb method, std::string_view origin, std::string_view asked) {
  request what;
  what.method = method;
  if (!origin.empty()) what.headers.set(field::origin, origin);
  if (!asked.empty()) what.headers.set(field::access_control_request_method, asked);
  return what;
}

TEST(cors, origin_that_may_call_is_named_on_its_replies) {
  reply answer;
  ours.add_headers(answer, "https://app.example");
  EXPECT_EQ(header_of(answer, "Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_NE(header_of(answer, "Access-Control-Expose-Headers").find("X-Cache"), std::string::npos);
  EXPECT_EQ(header_of(answer, "Vary"), "Origin");
}

TEST(cors, other_origins_get_vary_alone) {
  for (const auto* other : {"", "null", "https://app.example.evil", "https://app.example:443", "HTTPS://APP.EXAMPLE",
                            "http://app.example", "https://app.example/", "*"}) {
    reply answer;
    ours.add_headers(answer, other);
    ASSERT_EQ(answer.headers.size(), 1u) << other;
    EXPECT_EQ(header_of(answer, "Vary"), "Origin") << other;
  }
}

TEST(cors, vary_of_the_reply_is_kept) {
  reply answer;
  answer.set("Vary", "Authorization");
  ours.add_headers(answer, "https://app.example");
  EXPECT_EQ(header_of(answer, "Vary"), "Authorization, Origin");
}

TEST(cors, without_origins_nothing_is_added) {
  reply answer;
  cors().add_headers(answer, "https://app.example");
  EXPECT_TRUE(answer.headers.empty());
}

TEST(cors, preflight_is_options_of_an_origin_that_may_call_with_a_method) {
  EXPECT_TRUE(ours.is_preflight(question(verb::options, "https://app.example", "PUT")));
  EXPECT_FALSE(ours.is_preflight(question(verb::get, "https://app.example", "PUT")));
  EXPECT_FALSE(ours.is_preflight(question(verb::options, "https://other.example", "PUT")));
  EXPECT_FALSE(ours.is_preflight(question(verb::options, "https://app.example", "")));
  EXPECT_FALSE(cors().is_preflight(question(verb::options, "https://app.example", "PUT")));
}

TEST(cors, preflight_names_the_methods_of_the_path) {
  const auto answer = cors::preflight({"GET", "HEAD", "POST"});
  EXPECT_EQ(answer.status, 204u);
  EXPECT_EQ(header_of(answer, "Access-Control-Allow-Methods"), "GET, HEAD, POST");
  EXPECT_NE(header_of(answer, "Access-Control-Allow-Headers").find("Idempotency-Key"), std::string::npos);
  EXPECT_EQ(header_of(answer, "Access-Control-Max-Age"), "7200");
}

}  // namespace
}  // namespace bookings::http

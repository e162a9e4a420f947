// API_STYLE=express: what replies and requests look like then, and that nothing of it is seen without it.
#include "server/http/api_style.hpp"

#include "server/caching/table_fingerprint.hpp"
#include "server/http/body.hpp"
#include "server/http/reply.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <gtest/gtest.h>

namespace bookings::http {
namespace {

const std::string one = "65f000000000000000000001";

struct in_express_style {
  in_express_style() { use_api_style(api_style::express); }
  ~in_express_style() { use_api_style(api_style::plain); }
};

boost::json::value shown() {
  return boost::json::object{{"id", one}, {"transactionId", "T1"}, {"bookingId", one}, {"gig", {{"id", one}, {"title", "Algebra"}}}};
}

request with_body(std::string text) {
  request what;
  what.body = std::move(text);
  return what;
}

TEST(api_style, plain_changes_nothing) {
  EXPECT_EQ(success(200, shown()).body,
            R"({"success":true,"data":{"id":"65f000000000000000000001","transactionId":"T1","bookingId":"65f000000000000000000001","gig":{"id":"65f000000000000000000001","title":"Algebra"}}})");
  parameters query{{"gig", one}};
  take_other_names(query);
  EXPECT_EQ(query[0].first, "gig");
  const auto what = with_body(R"({"gig":")" + one + R"("})");
  body_reader body(what);
  body.id("gigId");
  EXPECT_TRUE(body.failure());
}

TEST(api_style, express_shows_ids_as_mongoose_does_in_every_depth) {
  const in_express_style style;
  EXPECT_EQ(success(200, shown()).body,
            R"({"success":true,"data":{"_id":"65f000000000000000000001","transactionId":"T1","booking":"65f000000000000000000001","gig":{"_id":"65f000000000000000000001","title":"Algebra"}}})");
  EXPECT_EQ(success_list({shown().at("gig")}, 1, {}).body,
            R"({"success":true,"data":[{"_id":"65f000000000000000000001","title":"Algebra"}],"count":1,"total":1,"page":1,"limit":20})");
}

TEST(api_style, express_shows_a_token_and_its_user_beside_success_too) {
  const in_express_style style;
  const boost::json::object data{{"user", {{"id", one}}}, {"token", "t"}};
  EXPECT_EQ(success(200, data).body,
            R"({"success":true,"data":{"user":{"_id":"65f000000000000000000001"},"token":"t"},"user":{"_id":"65f000000000000000000001"},"token":"t"})");
}

TEST(api_style, express_failure_has_its_message_on_top) {
  const in_express_style style;
  EXPECT_EQ(failure(errc::not_found, "r1").body,
            R"({"success":false,"message":"There is no such thing","code":"not_found","requestId":"r1"})");
  EXPECT_EQ(failure(errc::invalid_field, "r1", {{"a", "is \"x\""}, {"b", "is missing"}}).body,
            R"({"success":false,"message":"a is \"x\"; b is missing","code":"invalid_field","errors":{"a":{"message":"is \"x\""},"b":{"message":"is missing"}},"requestId":"r1"})");
  EXPECT_EQ(failure(refusal::headers_too_large, "r1").body,
            R"({"success":false,"message":"The request's headers are too large","code":"headers_too_large","requestId":"r1"})");
}

TEST(api_style, express_request_may_name_a_reference_as_mongoose_does) {
  const in_express_style style;
  for (const auto& text : {R"({"gig":")" + one + R"("})", R"({"gigId":")" + one + R"("})", R"({"gig":{"_id":")" + one + R"(","title":"Algebra"}})"}) {
    const auto what = with_body(text);
    body_reader body(what);
    EXPECT_EQ(body.id("gigId"), one) << text;
    EXPECT_FALSE(body.failure()) << text;
  }
  for (const auto& text : {std::string(R"({"gig":{"title":"Algebra"}})"), std::string(R"({"gig":"Algebra"})"), std::string("{}")}) {
    const auto what = with_body(text);
    body_reader body(what);
    body.id("gigId");
    EXPECT_TRUE(body.failure()) << text;
  }
  parameters query{{"gig", one}, {"teacher", one}, {"status", "pending"}};
  take_other_names(query);
  EXPECT_EQ(query, (parameters{{"gigId", one}, {"teacherId", one}, {"status", "pending"}}));
}

TEST(api_style, express_request_may_have_members_that_nobody_asks_for) {
  const in_express_style style;
  const auto what = with_body(R"({"title":"Algebra","__v":0})");
  body_reader body(what);
  EXPECT_EQ(body.text("title", 1, 10), "Algebra");
  EXPECT_FALSE(body.failure());
}

TEST(api_style, express_is_another_table_of_the_cache) {
  const auto plain = caching::fingerprint_of(caching::present_table());
  const in_express_style style;
  EXPECT_NE(caching::fingerprint_of(caching::present_table()), plain);
}

}  // namespace
}  // namespace bookings::http

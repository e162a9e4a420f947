#include "server/http/body.hpp"

#include <boost/json/parse.hpp>

#include <gtest/gtest.h>

namespace bookings::http {
namespace {

namespace json = boost::json;
using namespace std::string_literals;

request with_body(std::string body) {
  request what;
  what.body = std::move(body);
  what.request_id = "id-1";
  return what;
}

// The fields of the failure, empty where there is none; {"": code} where the body is refused as a whole.
json::object faults(body_reader& body) {
  const auto failed = body.failure();
  if (!failed) return {};
  EXPECT_EQ(failed->status, 400u);
  const auto error = json::parse(failed->body).at("error").as_object();
  if (error.contains("fields")) return error.at("fields").as_object();
  return {{"", error.at("code")}};
}

constexpr std::string_view colours[] = {"red", "green"};

TEST(body_reader, right_members_are_read) {
  const auto what = with_body(R"({"text":" Ünï\n ","secret":" p ","whole":60.0,"small":-5,"real":1e2,"pick":"green",)"
                              R"("id":"0123456789abcdef01234567","time":"2026-03-01T09:30:00Z","inner":{"name":"x"}})");
  body_reader body(what);
  EXPECT_EQ(body.text("text", 1, 10), "Ünï");
  EXPECT_EQ(body.secret("secret", 1, 10), " p ");
  EXPECT_EQ(body.integer("whole", 1, 60), 60);
  EXPECT_EQ(body.optional_integer("small", -5, 60), -5);
  EXPECT_EQ(body.number("real"), 100.0);
  EXPECT_EQ(body.one_of("pick", colours), "green");
  EXPECT_EQ(body.id("id"), "0123456789abcdef01234567");
  EXPECT_EQ(body.time("time"), parse_time("2026-03-01T09:30:00Z"));
  auto* inner = body.optional_object("inner");
  ASSERT_NE(inner, nullptr);
  EXPECT_EQ(inner->text("name", 1, 10), "x");
  EXPECT_FALSE(body.failure());
}

TEST(body_reader, absent_optional_members_are_no_fault) {
  const auto what = with_body("{}");
  body_reader body(what);
  EXPECT_FALSE(body.optional_text("a", 1, 9));
  EXPECT_FALSE(body.optional_integer("b", 1, 9));
  EXPECT_FALSE(body.optional_number("c"));
  EXPECT_FALSE(body.optional_one_of("d", colours));
  EXPECT_EQ(body.optional_object("e"), nullptr);
  EXPECT_FALSE(body.failure());
}

TEST(body_reader, absent_required_members_are_all_named) {
  const auto what = with_body("{}");
  body_reader body(what);
  EXPECT_EQ(body.text("a", 1, 9), "");
  body.secret("b", 1, 9);
  body.integer("c", 1, 9);
  body.number("d");
  EXPECT_EQ(body.one_of("e", colours), "");
  body.id("f");
  body.time("g");
  const auto found = faults(body);
  EXPECT_EQ(found.size(), 7u);
  for (const auto& fault : found) EXPECT_EQ(fault.value().as_string(), "is missing") << fault.key();
}

TEST(body_reader, members_of_wrong_type_or_range_are_all_named) {
  const auto what = with_body(
      R"({"a":1,"b":"12345678901","c":"   ","d":"\u0000","e":"\r","f":60.5,"g":10,"h":"1","i":"blue","j":null,"k":[],)"
      R"("l":1e400,"m":"x","n":"now","o":18446744073709551615,"p":"\u007f","q":1e300})");
  body_reader body(what);
  for (const auto* name : {"a", "b", "c", "d", "e", "p", "j"}) body.optional_text(name, 1, 10);
  for (const auto* name : {"f", "g", "o", "q"}) body.integer(name, 1, 9);
  for (const auto* name : {"h", "l"}) body.number(name);
  body.one_of("i", colours);
  body.optional_object("k");
  body.id("m");
  body.time("n");
  const auto found = faults(body);
  for (const auto* name : {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q"}) {
    EXPECT_TRUE(found.contains(name)) << name;
  }
  EXPECT_EQ(found.size(), 17u);
  EXPECT_EQ(found.at("i").as_string(), "must be one of red, green");
}

TEST(body_reader, unknown_members_are_named_but_not_without_end) {
  auto text = R"({"known":1)"s;
  for (int at = 0; at < 500; ++at) text += ",\"u" + std::to_string(at) + "\":1";
  const auto what = with_body(text + "}");
  body_reader body(what);
  body.number("known");
  const auto found = faults(body);
  EXPECT_EQ(found.size(), 20u);
  EXPECT_TRUE(found.contains("u0"));
}

TEST(body_reader, faults_of_an_inner_object_carry_its_name) {
  const auto what = with_body(R"({"customer":{"name":5,"unknown":1}})");
  body_reader body(what);
  auto* customer = body.optional_object("customer");
  ASSERT_NE(customer, nullptr);
  customer->text("name", 1, 9);
  customer->text("email", 1, 9);
  const auto found = faults(body);
  EXPECT_EQ(found.size(), 3u);
  for (const auto* name : {"customer.name", "customer.email", "customer.unknown"})
    EXPECT_TRUE(found.contains(name)) << name;
}

TEST(body_reader, what_a_controller_rejects_is_a_fault_once) {
  const auto what = with_body(R"({"price":-1})");
  body_reader body(what);
  body.number("price");
  body.reject("price", "must not be negative");
  body.reject("price", "again");
  EXPECT_TRUE(body.is_rejected("price"));
  EXPECT_EQ(faults(body), (json::object{{"price", "must not be negative"}}));
}

TEST(body_reader, not_a_json_object_is_malformed) {
  std::string deep = "{\"a\":";
  for (int at = 0; at < 40; ++at) deep += '[';
  for (int at = 0; at < 40; ++at) deep += ']';
  for (const auto& text :
       {""s, " "s, "null"s, "[]"s, "1"s, "{"s, "{}x"s, "{\"a\":1,}"s, "{a:1}"s, "{\"a\":\"\xff\"}"s,
        "{\"\xc0\x80\":1}"s, "{\"a\":01}"s, "{\"a\":NaN}"s, "{}\0"s, "{\"a\":\"\n\"}"s, deep + "}"}) {
    const auto what = with_body(text);
    body_reader body(what);
    EXPECT_EQ(body.text("a", 1, 9), "") << text;
    EXPECT_EQ(faults(body), (json::object{{"", "malformed"}})) << text;
  }
}

TEST(body_reader, member_that_stands_twice_is_malformed) {
  for (const auto* text : {R"({"a":1,"a":1})", R"({"b":[{"x":1,"x":2}]})", R"({"a":1,"\u0061":1})"}) {
    const auto what = with_body(text);
    body_reader body(what);
    EXPECT_EQ(faults(body), (json::object{{"", "malformed"}})) << text;
  }
}

TEST(body_reader, colons_and_quotes_in_texts_are_no_members) {
  const auto what = with_body(R"({"a":"x:\"y\":z\\","b":[{"c:":{}}]})");
  body_reader body(what);
  EXPECT_EQ(body.text("a", 1, 20), R"(x:"y":z\)");
  EXPECT_EQ(faults(body), (json::object{{"b", "is unknown"}}));
}

}  // namespace
}  // namespace bookings::http

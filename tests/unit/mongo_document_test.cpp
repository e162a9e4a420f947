// Documents as they come from other programs.
#include "server/stores/mongo/document.hpp"
#include "server/stores/mongo/search.hpp"

#include <gtest/gtest.h>

namespace bookings::mongo {
namespace {

document from_json(const char* json) {
  bson_error_t error{};
  bson_t* parsed = bson_new_from_json(reinterpret_cast<const std::uint8_t*>(json), -1, &error);
  EXPECT_NE(parsed, nullptr) << error.message;
  document copied(parsed);
  bson_destroy(parsed);
  return copied;
}

std::string refusal_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const bad_document& error) {
    return error.what();
  }
  return "";
}

TEST(mongo_document, amount_is_read_from_each_type_of_number) {
  for (const auto* json : {R"({"price": {"$numberInt": "300"}})", R"({"price": {"$numberLong": "300"}})",
                           R"({"price": {"$numberDouble": "300.0"}})", R"({"price": {"$numberDecimal": "300.00"}})"})
    EXPECT_EQ(from_json(json).amount("price"), money{30000}) << json;
  EXPECT_EQ(from_json(R"({"price": {"$numberDecimal": "300.05"}})").amount("price"), money{30005});
  EXPECT_EQ(from_json(R"({"price": 333.3333333333333})").amount("price"), money{33333});
  for (const auto* json : {R"({"price": "300"})", R"({"price": -1})", R"({"price": 1e14})", R"({"price": null})", "{}",
                           R"({"price": {"$numberDecimal": "NaN"}})"})
    EXPECT_THROW(from_json(json).amount("price"), bad_document) << json;
}

TEST(mongo_document, number_is_whole) {
  EXPECT_EQ(from_json(R"({"n": {"$numberDouble": "60.0"}})").number("n"), 60);
  EXPECT_THROW(from_json(R"({"n": 60.5})").number("n"), bad_document);
  EXPECT_THROW(from_json(R"({"n": {"$numberDouble": "1e300"}})").number("n"), bad_document);
  EXPECT_EQ(from_json("{}").number_or("n", 7), 7);
}

TEST(mongo_document, reference_is_an_object_id_or_its_digits) {
  EXPECT_EQ(from_json(R"({"student": {"$oid": "65f000000000000000000001"}})").reference("student"), "65f000000000000000000001");
  EXPECT_EQ(from_json(R"({"student": "65f000000000000000000001"})").reference("student"), "65f000000000000000000001");
  EXPECT_THROW(from_json(R"({"student": 5})").reference("student"), bad_document);
}

TEST(mongo_document, refusal_names_the_document_the_member_and_its_type) {
  const auto found = from_json(R"({"_id": {"$oid": "65f000000000000000000001"}, "scheduledAt": "tomorrow"})");
  const auto told = refusal_of([&] { (void)found.time("scheduledAt"); });
  for (const auto* words : {"65f000000000000000000001", "\"scheduledAt\"", "a text", "no date"})
    EXPECT_NE(told.find(words), std::string::npos) << told;
  EXPECT_NE(refusal_of([&] { (void)found.text("name"); }).find("is missing"), std::string::npos);
}

TEST(mongo_document, made_document_is_read_back) {
  const auto made = make("text", "a", "whole", 5, "none", std::optional<std::string>{}, "price", money{1250}, "time",
                         time_point{std::chrono::milliseconds{1234}}, "list", std::vector<std::string>{"x", "y"}, "numbers",
                         std::vector<std::int64_t>{1, 2}, "inner", make("a", 1), "flag", true);
  EXPECT_EQ(made.text("text"), "a");
  EXPECT_EQ(made.number("whole"), 5);
  EXPECT_FALSE(made.has("none"));
  EXPECT_FALSE(made.optional_text("none"));
  EXPECT_EQ(made.amount("price"), money{1250});
  EXPECT_EQ(made.time("time").time_since_epoch().count(), 1234);
  EXPECT_EQ(made.texts("list"), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(made.numbers("numbers"), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(made.child("inner").number("a"), 1);
  auto moved = make("a", 1);
  const document to = std::move(moved);
  EXPECT_EQ(to.number("a"), 1);
}

TEST(mongo_document, search_escapes_what_a_regular_expression_would_take_for_a_command) {
  const auto all = search_conditions(" c++  (100%) ", {"title"});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].children("$or")[0].child("title").text("$regex"), R"(c\+\+)");
  EXPECT_EQ(all[1].children("$or")[0].child("title").text("$regex"), R"(\(100%\))");
  EXPECT_TRUE(search_conditions("  ", {"title"}).empty());
}

}  // namespace
}  // namespace bookings::mongo

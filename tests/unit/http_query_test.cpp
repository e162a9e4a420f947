#include "server/http/query.hpp"

#include <boost/json/parse.hpp>

#include <gtest/gtest.h>

namespace bookings::http {
namespace {

namespace json = boost::json;

request with_query(parameters query) {
  request what;
  what.query = std::move(query);
  return what;
}

json::object faults(const query_reader& query) {
  const auto failed = query.failure();
  if (!failed) return {};
  EXPECT_EQ(failed->status, 400u);
  return json::parse(failed->body).at("error").at("fields").as_object();
}

constexpr std::string_view orders[] = {"newest", "oldest"};

TEST(query_reader, nothing_given_gives_the_defaults) {
  const auto what = with_query({});
  query_reader query(what);
  const auto page = query.page();
  EXPECT_EQ(page.number, 1);
  EXPECT_EQ(page.limit, default_page_limit);
  EXPECT_EQ(query.one_of("sort", orders, "newest"), "newest");
  EXPECT_FALSE(query.optional_one_of("sort", orders));
  EXPECT_FALSE(query.optional_text("q", 1, 9));
  EXPECT_FALSE(query.optional_id("gigId"));
  EXPECT_EQ(query.integer("wait", 0, 30, 7), 7);
  EXPECT_FALSE(query.failure());
}

TEST(query_reader, right_values_are_read_and_unknown_ones_ignored) {
  const auto what = with_query({{"page", "1000000"},
                                {"limit", "100"},
                                {"sort", "oldest"},
                                {"q", " maths "},
                                {"gigId", "0123456789abcdef01234567"},
                                {"x", "1"},
                                {"x", "2"}});
  query_reader query(what);
  const auto page = query.page();
  EXPECT_EQ(page.number, 1'000'000);
  EXPECT_EQ(page.limit, 100);
  EXPECT_EQ(query.one_of("sort", orders, "newest"), "oldest");
  EXPECT_EQ(query.optional_text("q", 1, 9), "maths");
  EXPECT_EQ(query.optional_id("gigId"), "0123456789abcdef01234567");
  EXPECT_FALSE(query.failure());
}

TEST(query_reader, wrong_numbers_are_named) {
  for (const auto* value :
       {"0", "-1", "1.5", "", "one", "1 ", " 1", "+1", "1e3", "0x1", "1000001", "99999999999999999999"}) {
    const auto what = with_query({{"page", value}});
    query_reader query(what);
    query.page();
    EXPECT_TRUE(faults(query).contains("page")) << value;
  }
  const auto what = with_query({{"limit", "101"}});
  query_reader query(what);
  query.page();
  EXPECT_EQ(faults(query).at("limit").as_string(), "must be a whole number from 1 to 100");
}

TEST(query_reader, wrong_names_texts_and_ids_are_named) {
  const auto what = with_query({{"sort", "sideways"}, {"q", "a\rb"}, {"gigId", "*"}, {"subject", "  "}});
  query_reader query(what);
  query.one_of("sort", orders, "newest");
  query.optional_text("q", 1, 9);
  query.optional_text("subject", 1, 9);
  query.optional_id("gigId");
  EXPECT_EQ(faults(query).size(), 4u);
}

TEST(query_reader, known_parameter_twice_is_a_fault) {
  const auto what = with_query({{"sort", "newest"}, {"sort", "oldest"}});
  query_reader query(what);
  query.one_of("sort", orders, "newest");
  EXPECT_EQ(faults(query), (json::object{{"sort", "must stand once"}}));
}

}  // namespace
}  // namespace bookings::http

#include "server/caching/table_fingerprint.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace bookings::caching {
namespace {

using reprise::scope;

std::string with(void (*change_it)(invalidation_table&)) {
  auto table = present_table();
  change_it(table);
  return fingerprint_of(table);
}
std::string present() { return fingerprint_of(present_table()); }

// Known by heart, so that nobody changes the table without noticing.
TEST(table_fingerprint, is_that_of_this_version) {
  EXPECT_EQ(present(), "161593357bac5cdb") << "what invalidates what has changed: was that meant? Then write the new value here";
}

TEST(table_fingerprint, another_scope_of_one_change_is_another_table) {
  EXPECT_NE(present(), with([](auto& table) {
    table.scopes = [](const change& what, const showing& elsewhere) {
      auto scopes = scopes_of(what, elsewhere);
      if (what.kind == change_kind::user_profile) scopes.push_back(*scope::shared("gigs"));
      return scopes;
    };
  }));
}

TEST(table_fingerprint, each_place_elsewhere_counts) {
  std::vector<std::string> found{present()};
  const auto without = [&](auto member) {
    auto table = present_table();
    table.scopes = [member](const change& what, showing elsewhere) {
      (elsewhere.*member).clear();
      return scopes_of(what, elsewhere);
    };
    found.push_back(fingerprint_of(table));
  };
  without(&showing::booking_lists);
  without(&showing::gig_pages);
  without(&showing::review_lists);
  std::sort(found.begin(), found.end());
  EXPECT_EQ(std::unique(found.begin(), found.end()) - found.begin(), 4);
}

TEST(table_fingerprint, another_kind_of_change_is_another_table) {
  EXPECT_NE(present(), with([](auto& table) { table.kinds = table.kinds.first(table.kinds.size() - 1); }));
}

TEST(table_fingerprint, each_part_of_a_route_that_names_entries_counts) {
  std::vector<std::string> found{
      present(),
      with([](auto& table) { table.routes.pop_back(); }),
      with([](auto& table) { table.routes[0].pattern += "/all"; }),
      with([](auto& table) { table.routes[0].policy.prefix = "lists"; }),
      with([](auto& table) { table.routes[0].policy.vary_query.push_back("q"); }),
      with([](auto& table) { table.routes[0].policy.audience = reprise::audience::shared; }),
      with([](auto& table) { table.routes[2].thing = "gig"; }),
      with([](auto& table) { table.routes[4].thing_query.pop_back(); }),
      with([](auto& table) { ++table.form; }),
  };
  const auto count = found.size();
  std::sort(found.begin(), found.end());
  EXPECT_EQ(static_cast<std::size_t>(std::unique(found.begin(), found.end()) - found.begin()), count);
}

TEST(table_fingerprint, order_and_times_to_live_make_no_difference) {
  EXPECT_EQ(present(), with([](auto& table) {
    std::reverse(table.routes.begin(), table.routes.end());
    for (auto& route : table.routes) route.policy.ttl = std::chrono::seconds(5);
    table.scopes = [](const change& what, const showing& elsewhere) {
      auto scopes = scopes_of(what, elsewhere);
      std::reverse(scopes.begin(), scopes.end());
      return scopes;
    };
  }));
}

}  // namespace
}  // namespace bookings::caching

// The table of which change invalidates which scopes, written a second time.
#include "server/caching/invalidations.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace bookings::caching {
namespace {

using texts = std::vector<std::string>;
const id one = "000000000000000000000001", two = "000000000000000000000002", three = "000000000000000000000003";

texts names(const change& what, const showing& elsewhere = {}) {
  texts found;
  for (const auto& each : scopes_of(what, elsewhere)) found.push_back(each.name());
  std::sort(found.begin(), found.end());
  return found;
}

TEST(scopes_of, each_kind_has_its_own) {
  EXPECT_EQ(names({change_kind::user_bookings, one}), (texts{"bookings:user:" + one}));
  EXPECT_EQ(names({change_kind::gig, one}), (texts{"gigs:id:" + one, "gigs:user:shared"}));
  EXPECT_EQ(names({change_kind::user_profile, one}), (texts{"users:id:" + one}));
  EXPECT_EQ(names({change_kind::user_name, one}), (texts{"users:id:" + one}));
  EXPECT_EQ(names({change_kind::gig_reviews, one}), (texts{"reviews:id:" + one}));
  EXPECT_EQ(names({change_kind::session, one}), (texts{"sessions:user:" + one}));
  EXPECT_EQ(names({change_kind::teacher_reviews, one}), (texts{"reviews:id:" + one, "users:id:" + one}));
}

// What touches nothing is taken for a change of everything, so it must be nothing else.
TEST(scopes_of, every_known_change_touches_something_and_an_unknown_one_nothing) {
  for (const auto kind : known_change_kinds())
    EXPECT_FALSE(names({kind, kind == change_kind::scope ? "gigs:id:" + one : one}).empty());
  EXPECT_TRUE(names({change_kind::unknown, "gift:" + one}).empty());
  EXPECT_TRUE(names({change_kind::scope, "no scope"}).empty());
}

TEST(scopes_of, places_elsewhere_are_added_and_gig_pages_bring_their_lists) {
  EXPECT_EQ(names({change_kind::gig, one}, {.booking_lists = {two}, .review_lists = {one, three}}),
            (texts{"bookings:user:" + two, "gigs:id:" + one, "gigs:user:shared", "reviews:id:" + one,
                   "reviews:id:" + three}));
  EXPECT_EQ(names({change_kind::user_name, one}, {.booking_lists = {one}, .gig_pages = {two}}),
            (texts{"bookings:user:" + one, "gigs:id:" + two, "gigs:user:shared", "users:id:" + one}));
}

TEST(is_shown_elsewhere, what_lists_of_others_show) {
  for (const auto kind : {change_kind::gig, change_kind::user_name}) EXPECT_TRUE(is_shown_elsewhere({kind, one}));
  for (const auto kind : {change_kind::user_bookings, change_kind::user_profile, change_kind::gig_reviews,
                          change_kind::teacher_reviews}) {
    EXPECT_FALSE(is_shown_elsewhere({kind, one}));
  }
}

}  // namespace
}  // namespace bookings::caching

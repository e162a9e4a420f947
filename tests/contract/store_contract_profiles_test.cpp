// The contract of every store: profiles, and where a name is shown.
#include "tests/support/store_harness.hpp"

namespace bookings::testing {
namespace {

TEST_P(store_contract, create_user_keeps_what_they_tell_of_themselves) {
  auto account = a_user("told@example.com");
  account.about = {.bio = "Learns", .phone = "+880 1", .address = "Road 5", .city = "Dhaka", .postcode = "1207",
                   .country = "BD"};
  must(data->create_user(account));
  for (const auto& found : {must(data->find_user(account.id)), must(data->find_user_by_email("told@example.com"))}) {
    EXPECT_EQ(found.about.bio, "Learns");
    EXPECT_EQ(found.about.phone, "+880 1");
    EXPECT_EQ(found.about.address, "Road 5");
    EXPECT_EQ(found.about.city, "Dhaka");
    EXPECT_EQ(found.about.postcode, "1207");
    EXPECT_EQ(found.about.country, "BD");
  }
  EXPECT_EQ(must(data->find_user(student.id)).about.bio, std::nullopt);
}

TEST_P(store_contract, find_profile_shows_what_is_public_and_a_teachers_ratings) {
  must(data->update_profile(teacher.id, {.bio = "Teaches", .city = "Dhaka", .country = "BD"}));
  const auto shown = must(data->find_profile(teacher.id));
  EXPECT_EQ(shown.id, teacher.id);
  EXPECT_EQ(shown.name, "Ayesha Rahman");
  EXPECT_EQ(shown.role, role::teacher);
  EXPECT_EQ(shown.bio, "Teaches");
  EXPECT_EQ(shown.city, "Dhaka");
  EXPECT_EQ(shown.country, "BD");
  EXPECT_EQ(shown.created_at, at(0));
  EXPECT_EQ(shown.reviews, 0);
  must(rate(algebra.id, 5));
  must(rate(algebra.id, 4));
  must(rate(guitar.id, 1));  // another teacher's
  EXPECT_EQ(must(data->find_profile(teacher.id)).reviews, 2);
  EXPECT_EQ(must(data->find_profile(teacher.id)).ratings_sum, 9);
  EXPECT_EQ(must(data->find_profile(student.id)).reviews, 0);
  EXPECT_EQ(data->find_profile(make_id()).error(), errc::not_found);
}

TEST_P(store_contract, update_profile_unknown_user_is_not_found) {
  const auto written =
      rows_of([&] { EXPECT_EQ(data->update_profile(make_id(), {.name = "x"}).error(), errc::not_found); });
  EXPECT_EQ(written, (texts{}));
}

TEST_P(store_contract, update_profile_commits_a_row_for_what_others_are_shown) {
  const auto rows_for = [&](const profile_changes& changes) {
    return rows_of([&] { must(data->update_profile(student.id, changes)); });
  };
  EXPECT_EQ(rows_for({.name = "Karim"}), (texts{"user_name:" + student.id}));
  EXPECT_EQ(rows_for({.name = "Karim"}), (texts{"user_name:" + student.id}));  // the answer tells of the first
  EXPECT_EQ(rows_for({.bio = "x", .phone = "1"}), (texts{"user_profile:" + student.id}));
  EXPECT_EQ(rows_for({.phone = "1", .address = "2", .postcode = "3"}), (texts{}));
  EXPECT_EQ(rows_for({}), (texts{}));
  const auto found = must(data->find_user(student.id));
  EXPECT_EQ(found.name, "Karim");
  EXPECT_EQ(found.about.bio, "x");
  EXPECT_EQ(found.about.postcode, "3");
}

TEST_P(store_contract, rename_names_every_list_that_shows_the_name) {
  book(algebra.id);
  must(rate(guitar.id, 5));
  const auto of_student = must(data->update_profile(student.id, {.name = "Karim"})).shown_in;
  EXPECT_EQ(sorted(of_student.booking_lists), sorted({student.id, teacher.id, other_teacher.id}));
  EXPECT_EQ(of_student.gig_pages, (texts{}));
  EXPECT_EQ(sorted(of_student.review_lists), sorted({guitar.id, other_teacher.id}));

  const auto of_teacher = must(data->update_profile(other_teacher.id, {.name = "Tim"})).shown_in;
  EXPECT_EQ(sorted(of_teacher.booking_lists), sorted({student.id, other_teacher.id}));
  EXPECT_EQ(of_teacher.gig_pages, (texts{guitar.id}));
  EXPECT_EQ(sorted(of_teacher.review_lists), sorted({guitar.id, other_teacher.id}));
  EXPECT_EQ(must(data->places_showing({change_kind::user_name, other_teacher.id})), of_teacher);

  EXPECT_EQ(must(data->list_bookings({.user_id = student.id})).rows.at(0).teacher_name, "Tim");
  EXPECT_EQ(must(data->find_gig(guitar.id)).teacher_name, "Tim");
}

TEST_P(store_contract, rename_of_somebody_without_any_is_shown_in_their_profile_alone) {
  const auto newcomer = a_user("new@example.com");
  must(data->create_user(newcomer));
  EXPECT_EQ(must(data->update_profile(newcomer.id, {.name = "New"})).shown_in, showing{});
}

TEST_P(store_contract, rename_leaves_the_pages_of_deleted_gigs) {
  must(data->delete_gig(guitar.id, other_teacher.id));
  EXPECT_EQ(must(data->update_profile(other_teacher.id, {.name = "Tim"})).shown_in.gig_pages, (texts{}));
}

TEST_P(store_contract, places_showing_changes_that_only_their_own_places_show_are_none) {
  must(rate(algebra.id, 5));
  for (const auto kind : {change_kind::user_bookings, change_kind::user_profile, change_kind::gig_reviews,
                          change_kind::teacher_reviews}) {
    for (const auto& about : {student.id, teacher.id, algebra.id}) {
      EXPECT_FALSE(is_shown_elsewhere({kind, about}));
      EXPECT_EQ(must(data->places_showing({kind, about})), showing{});
    }
  }
}

}  // namespace
}  // namespace bookings::testing

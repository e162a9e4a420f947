// The contract of every store: reviews.
#include "tests/support/store_harness.hpp"

#include <algorithm>

namespace bookings::testing {
namespace {

using enum booking_status;

texts comments(const page<review_view>& list) {
  texts found;
  for (const auto& each : list.rows) found.push_back(each.row.comment);
  return found;
}

TEST_P(store_contract, create_review_completed_booking_is_shown_at_gig_and_teacher) {
  const auto booked = book(algebra.id, completed);
  const auto created = must(data->create_review(a_review(booked.row, 4, "Clear")));
  for (const auto& query :
       {review_query{review_subject::gig, algebra.id}, review_query{review_subject::teacher, teacher.id}}) {
    const auto list = must(data->list_reviews(query));
    ASSERT_EQ(list.rows.size(), 1u);
    EXPECT_EQ(list.total, 1);
    for (const auto& each : {list.rows[0], created.value}) {
      EXPECT_EQ(each.row.id, created.value.row.id);
      EXPECT_EQ(each.row.booking_id, booked.row.id);
      EXPECT_EQ(each.row.gig_id, algebra.id);
      EXPECT_EQ(each.row.student_id, student.id);
      EXPECT_EQ(each.row.teacher_id, teacher.id);
      EXPECT_EQ(each.row.rating, 4);
      EXPECT_EQ(each.row.comment, "Clear");
      EXPECT_EQ(each.row.created_at, at(9));
      EXPECT_EQ(each.gig_title, "Algebra");
      EXPECT_EQ(each.student_name, "Rahim Uddin");
      EXPECT_EQ(each.teacher_name, "Ayesha Rahman");
    }
  }
  EXPECT_EQ(must(data->list_reviews({review_subject::gig, guitar.id})).total, 0);
  EXPECT_EQ(must(data->list_reviews({review_subject::teacher, other_teacher.id})).total, 0);
}

TEST_P(store_contract, create_review_commits_rows_for_gig_and_teacher) {
  const auto booked = book(algebra.id, completed);
  EXPECT_EQ(rows_of([&] { must(data->create_review(a_review(booked.row, 4))); }),
            (texts{"gig_reviews:" + algebra.id, "teacher_reviews:" + teacher.id}));
}

TEST_P(store_contract, create_review_refused_leaves_nothing) {
  const auto pending_one = book(algebra.id), done = book(algebra.id, completed);
  EXPECT_EQ(rows_of([&] {
              EXPECT_EQ(data->create_review(a_review(pending_one.row, 4)).error(), errc::wrong_state);
              auto of_stranger = a_review(done.row, 4), of_teacher = of_stranger, of_nothing = of_stranger;
              of_stranger.student_id = other_teacher.id;
              of_teacher.student_id = teacher.id;
              of_nothing.booking_id = make_id();
              EXPECT_EQ(data->create_review(of_stranger).error(), errc::not_found);
              EXPECT_EQ(data->create_review(of_teacher).error(), errc::forbidden);
              EXPECT_EQ(data->create_review(of_nothing).error(), errc::not_found);
            }), (texts{}));
  EXPECT_EQ(must(data->list_reviews({review_subject::gig, algebra.id})).total, 0);
}

TEST_P(store_contract, create_review_twice_for_a_booking_is_refused_and_the_first_stays) {
  const auto booked = book(algebra.id, completed);
  must(data->create_review(a_review(booked.row, 4, "first")));
  EXPECT_EQ(rows_of([&] {
              EXPECT_EQ(data->create_review(a_review(booked.row, 1, "second")).error(), errc::already_reviewed);
            }), (texts{}));
  EXPECT_EQ(comments(must(data->list_reviews({review_subject::gig, algebra.id}))), (texts{"first"}));
  must(rate(algebra.id, 2));  // another booking of the same gig
  EXPECT_EQ(must(data->list_reviews({review_subject::gig, algebra.id})).total, 2);
}

TEST_P(store_contract, list_reviews_unknown_subject_is_not_found_and_a_deleted_gig_keeps_them) {
  must(rate(algebra.id, 4));
  must(data->delete_gig(algebra.id, teacher.id));
  EXPECT_EQ(must(data->list_reviews({review_subject::gig, algebra.id})).total, 1);
  EXPECT_EQ(data->list_reviews({review_subject::gig, make_id()}).error(), errc::not_found);
  EXPECT_EQ(data->list_reviews({review_subject::gig, teacher.id}).error(), errc::not_found);
  EXPECT_EQ(data->list_reviews({review_subject::teacher, algebra.id}).error(), errc::not_found);
  EXPECT_EQ(data->list_reviews({review_subject::teacher, student.id}).error(), errc::not_found);
}

TEST_P(store_contract, list_reviews_orders_and_pages_hold_each_once) {
  const int ratings[] = {3, 5, 1, 3, 2};
  for (int i = 0; i < 5; ++i) {
    auto what = a_review(book(algebra.id, completed).row, ratings[i], std::to_string(i));
    what.created_at = at(10 + i);
    must(data->create_review(what));
  }
  struct {
    review_order order;
    texts expected;
  } const cases[] = {{review_order::newest, {"4", "3", "2", "1", "0"}},
                     {review_order::oldest, {"0", "1", "2", "3", "4"}},
                     {review_order::worst, {"2", "4", "0", "3", "1"}},
                     {review_order::best, {"1", "3", "0", "4", "2"}}};
  for (const auto& [order, expected] : cases) {
    for (const auto of : {review_subject::gig, review_subject::teacher}) {
      texts found;
      for (int number = 1; number <= 4; ++number) {
        const auto& subject = of == review_subject::gig ? algebra.id : teacher.id;
        const auto list = must(data->list_reviews({of, subject, order, {number, 2}}));
        EXPECT_EQ(list.total, 5);
        for (const auto& each : comments(list)) found.push_back(each);
      }
      EXPECT_EQ(found, expected);
    }
  }
}

TEST_P(store_contract, update_gig_with_reviews_names_the_lists_that_show_its_title) {
  EXPECT_EQ(must(data->update_gig(algebra.id, teacher.id, {.title = "x"})).shown_in.review_lists, (texts{}));
  must(rate(algebra.id, 4));
  EXPECT_EQ(sorted(must(data->update_gig(algebra.id, teacher.id, {.title = "y"})).shown_in.review_lists),
            sorted({algebra.id, teacher.id}));
  EXPECT_EQ(must(data->list_reviews({review_subject::teacher, teacher.id})).rows.at(0).gig_title, "y");
}

}  // namespace
}  // namespace bookings::testing

// The contract of every store: an account as a whole.
#include "tests/support/store_harness.hpp"

#include <algorithm>

namespace bookings::testing {
namespace {

using enum booking_status;
using namespace std::chrono_literals;

class accounts_contract : public store_contract {
 protected:
  committed<session> leave(const user& who) { return must(data->delete_account(who.id, "$argon2id$nobody", 1)); }
  std::string name_in(const id& booking_id) { return must(data->find_booking(booking_id)).student_name; }
};
INSTANTIATE_TEST_SUITE_P(stores, accounts_contract, ::testing::ValuesIn(store_kinds()),
                         [](const auto& each) { return each.param.name; });

TEST_P(accounts_contract, export_account_has_all_of_one_user_oldest_first) {
  const auto first = book(algebra.id, completed).row, second = book(guitar.id).row;
  must(data->create_review({make_id(), first.id, "", student.id, "", 4, "Good", at(40)}));
  must(data->delete_gig(algebra.id, teacher.id));
  const auto mine = must(data->export_account(student.id));
  EXPECT_EQ(mine.account.email, student.email);
  ASSERT_EQ(mine.bookings.size(), 2u);
  EXPECT_EQ(mine.bookings[0].row.id, first.id);
  EXPECT_EQ(mine.bookings[1].row.id, second.id);
  ASSERT_EQ(mine.reviews_written.size(), 1u);
  EXPECT_EQ(mine.reviews_written[0].row.comment, "Good");
  EXPECT_TRUE(mine.gigs.empty());
  EXPECT_TRUE(mine.reviews_received.empty());

  const auto theirs = must(data->export_account(teacher.id));
  ASSERT_EQ(theirs.gigs.size(), 1u) << "a withdrawn one too";
  EXPECT_EQ(theirs.bookings.size(), 1u);
  EXPECT_EQ(theirs.reviews_received.size(), 1u);
  EXPECT_EQ(data->export_account(make_id()).error(), errc::not_found);
}

TEST_P(accounts_contract, delete_account_of_a_student_erases_the_person_and_keeps_the_bookings) {
  const auto done = book(algebra.id, completed).row, pending = book(algebra.id).row;
  must(data->update_profile(
      student.id, {.bio = "A bio", .phone = "1", .address = "2", .city = "3", .postcode = "4", .country = "5"}));
  committed<session> gone;
  EXPECT_EQ(sorted(rows_of([&] { gone = leave(student); })),
            sorted({"session:" + student.id, "user_name:" + student.id}));
  EXPECT_EQ(sorted(gone.shown_in.booking_lists), sorted({student.id, teacher.id}));
  EXPECT_EQ(gone.value.state, account_state::deleted);
  EXPECT_EQ(must(harness->open()->find_session(student.id)).token_version, 2);

  const auto left = must(data->find_user(student.id));
  EXPECT_EQ(left.name, deleted_name);
  EXPECT_EQ(left.password_hash, "$argon2id$nobody");
  EXPECT_FALSE(left.about.bio || left.about.phone || left.about.address || left.about.city || left.about.postcode ||
               left.about.country);
  EXPECT_FALSE(normalize_email(left.email)) << "nobody can register or log in with it";
  EXPECT_EQ(name_in(done.id), deleted_name);
  EXPECT_EQ(must(data->find_booking(done.id)).row.status, completed);
  EXPECT_EQ(must(data->find_booking(pending.id)).row.status, cancelled);
  must(data->create_user(a_user(student.email)));
}

TEST_P(accounts_contract, delete_account_of_a_teacher_withdraws_gigs_and_names_each_for_the_cache) {
  const auto second = must(data->create_gig(a_gig(teacher.id, "Geometry"))).value;
  const auto pending = book(algebra.id).row;
  committed<session> gone;
  EXPECT_EQ(sorted(rows_of([&] { gone = leave(teacher); })),
            sorted({"gig:" + algebra.id, "gig:" + second.id, "session:" + teacher.id, "user_name:" + teacher.id}));
  EXPECT_EQ(sorted(gone.shown_in.gig_pages), sorted({algebra.id, second.id})) << "as it was before they were withdrawn";
  EXPECT_EQ(data->find_gig(algebra.id).error(), errc::not_found);
  EXPECT_EQ(must(data->list_gigs({})).total, 1);
  EXPECT_EQ(must(data->find_booking(pending.id)).row.status, cancelled);
}

TEST_P(accounts_contract, delete_account_with_lessons_to_come_is_refused_and_changes_nothing) {
  auto lesson = a_booking(student.id, algebra.id, now() - 30min);
  lesson.status = accepted;  // half over: still to come
  must(data->create_booking(lesson));
  for (const auto& who : {student, teacher}) {
    EXPECT_TRUE(rows_of([&] {
      EXPECT_EQ(data->delete_account(who.id, "$argon2id$nobody", 1).error(), errc::lessons_to_come);
    }).empty());
    EXPECT_EQ(must(data->find_user(who.id)).email, who.email);
  }
  EXPECT_TRUE(data->find_gig(algebra.id));
}

TEST_P(accounts_contract, delete_account_after_the_last_lesson_is_over_succeeds) {
  auto lesson = a_booking(student.id, algebra.id, now() - 61min);
  lesson.status = accepted;
  must(data->create_booking(lesson));
  leave(student);
  leave(teacher);
}

TEST_P(accounts_contract, delete_account_of_the_last_admin_is_refused) {
  const auto first = a_user("first@example.com", role::admin), second = a_user("second@example.com", role::admin);
  must(data->create_user(first));
  EXPECT_EQ(data->delete_account(first.id, "$argon2id$nobody", 1).error(), errc::forbidden);
  must(data->create_user(second));
  must(data->block_user(second.id, first.id, {}));
  EXPECT_EQ(data->delete_account(first.id, "$argon2id$nobody", 1).error(), errc::forbidden) << "a blocked one is none";
  must(data->unblock_user(second.id, first.id, {}));
  leave(first);
}

TEST_P(accounts_contract, deleted_account_takes_no_writes_of_requests_that_were_let_in_before) {
  leave(student);
  leave(teacher);
  EXPECT_EQ(data->delete_account(student.id, "$argon2id$nobody", 2).error(), errc::not_found);
  EXPECT_EQ(data->update_profile(student.id, {.name = "Me again"}).error(), errc::not_found);
  EXPECT_EQ(data->find_profile(student.id).error(), errc::not_found);
  EXPECT_EQ(data->export_account(student.id).error(), errc::not_found);
  EXPECT_EQ(data->end_sessions(student.id).error(), errc::not_found);
  EXPECT_EQ(data->change_password(student.id, "$argon2id$mine", 2).error(), errc::not_found);
  EXPECT_EQ(data->create_booking(a_booking(student.id, guitar.id, at(5))).error(), errc::not_found);
  EXPECT_EQ(data->create_gig(a_gig(teacher.id)).error(), errc::not_found);
  EXPECT_EQ(must(data->find_user(student.id)).name, deleted_name);
}

TEST_P(accounts_contract, delete_account_follows_on_no_other_end) {
  must(data->end_sessions(student.id));
  EXPECT_EQ(data->delete_account(student.id, "$argon2id$nobody", 1).error(), errc::unauthorized);
  EXPECT_EQ(must(data->find_session(student.id)).state, account_state::active);
}

}  // namespace
}  // namespace bookings::testing

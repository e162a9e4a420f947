// The contract of every store: bookings.
#include "tests/support/store_harness.hpp"

namespace bookings::testing {
namespace {

using enum booking_status;

std::string row_of(const id& user_id) { return "user_bookings:" + user_id; }

TEST_P(store_contract, create_booking_takes_teacher_and_price_from_gig) {
  auto wanted = a_booking(student.id, guitar.id, at(5, 9, 15), at(1));
  wanted.teacher_id = teacher.id;  // ignored
  wanted.price = {1};              // ignored
  wanted.duration_minutes = 50;
  wanted.note = "Bring a capo";
  const auto created = must(data->create_booking(wanted));
  const auto found = must(data->find_booking(wanted.id));
  for (const auto& each : {created.value, found}) {
    EXPECT_EQ(each.row.id, wanted.id);
    EXPECT_EQ(each.row.student_id, student.id);
    EXPECT_EQ(each.row.teacher_id, other_teacher.id);
    EXPECT_EQ(each.row.gig_id, guitar.id);
    EXPECT_EQ(each.row.status, pending);
    EXPECT_EQ(each.row.payment, payment_status::unpaid);
    EXPECT_EQ(each.row.scheduled_at, at(5, 9, 15));
    EXPECT_EQ(each.row.duration_minutes, 50);
    EXPECT_EQ(each.row.note, "Bring a capo");
    EXPECT_EQ(each.row.price, money{25042});  // 300.50 * 50 / 60 = 250.416…
    EXPECT_EQ(each.row.created_at, at(1));
    EXPECT_EQ(each.row.updated_at, at(1));
    EXPECT_EQ(each.student_name, "Rahim Uddin");
    EXPECT_EQ(each.teacher_name, "Tom Baker");
    EXPECT_EQ(each.gig_title, "Guitar for beginners");
    EXPECT_EQ(each.gig_subject, "Guitar");
    EXPECT_EQ(each.gig_price, money{30050});
  }
}

TEST_P(store_contract, create_booking_without_note_has_none) {
  EXPECT_EQ(must(data->find_booking(book(algebra.id).row.id)).row.note, std::nullopt);
}

TEST_P(store_contract, create_booking_commits_a_row_for_each_party) {
  committed<booking_view> created;
  const auto written =
      rows_of([&] { created = must(data->create_booking(a_booking(student.id, algebra.id, at(1)))); });
  EXPECT_EQ(written, (texts{row_of(student.id), row_of(teacher.id)}));
  EXPECT_EQ(created.rows.size(), 2u);
  EXPECT_EQ(created.rows.back().number, rows().back().number);
}

TEST_P(store_contract, create_booking_refused_commits_nothing) {
  book(algebra.id, accepted);  // at(1), an hour
  const auto refused = a_booking(student.id, algebra.id, at(1, 10, 59));
  EXPECT_EQ(rows_of([&] {
                EXPECT_EQ(data->create_booking(refused).error(), errc::overlap);
                EXPECT_EQ(data->create_booking(a_booking(student.id, make_id(), at(2))).error(), errc::not_found);
                EXPECT_EQ(data->create_booking(a_booking(make_id(), algebra.id, at(2))).error(), errc::not_found);
              }), (texts{}));
  EXPECT_EQ(data->find_booking(refused.id).error(), errc::not_found);
  EXPECT_EQ(must(data->list_bookings({.user_id = student.id})).total, 1);
}

TEST_P(store_contract, create_booking_overlap_is_refused_at_each_boundary) {
  must(data->create_booking([&] {
    auto accepted_one = a_booking(student.id, algebra.id, at(1, 10));
    accepted_one.status = accepted;
    return accepted_one;
  }()));
  struct {
    int hour, minute, duration;
    bool taken;
  } const cases[] = {
      {9, 0, 60, false},  {9, 0, 61, true},    {9, 1, 60, true},  {10, 0, 60, true},  {10, 15, 15, true},
      {9, 0, 180, true},  {10, 59, 60, true},  {11, 0, 60, false}, {8, 0, 60, false}, {9, 59, 1, false},
      {10, 0, 1, true},
  };
  for (const auto& each : cases) {
    auto wanted = a_booking(student.id, algebra.id, at(1, each.hour, each.minute));
    wanted.duration_minutes = each.duration;
    EXPECT_EQ(data->create_booking(wanted).has_error(), each.taken)
        << each.hour << ':' << each.minute << " for " << each.duration;
  }
}

TEST_P(store_contract, create_booking_only_accepted_of_that_teacher_are_in_the_way) {
  for (const auto status : {pending, rejected, completed, cancelled}) {
    auto wanted = a_booking(student.id, algebra.id, at(1));
    wanted.status = status;
    EXPECT_TRUE(data->create_booking(wanted));
  }
  auto elsewhere = a_booking(student.id, guitar.id, at(1));
  elsewhere.status = accepted;
  EXPECT_TRUE(data->create_booking(elsewhere));
  EXPECT_TRUE(data->create_booking(a_booking(student.id, algebra.id, at(1))));
  // Another gig of the same teacher is the same teacher.
  const auto second = must(data->create_gig(a_gig(teacher.id, "Calculus"))).value;
  auto taken = a_booking(student.id, second.id, at(1));
  taken.status = accepted;
  EXPECT_TRUE(data->create_booking(taken));
  EXPECT_EQ(data->create_booking(a_booking(student.id, algebra.id, at(1))).error(), errc::overlap);
}

TEST_P(store_contract, change_booking_status_allowed_commits_both_rows) {
  const auto booked = book(algebra.id);
  committed<booking_view> changed;
  const auto written =
      rows_of([&] { changed = must(data->change_booking_status(booked.row.id, teacher.id, accepted)); });
  EXPECT_EQ(written, (texts{row_of(student.id), row_of(teacher.id)}));
  EXPECT_EQ(changed.value.row.status, accepted);
  EXPECT_NE(changed.value.row.updated_at, booked.row.updated_at);
  EXPECT_EQ(must(data->find_booking(booked.row.id)).row.status, accepted);
}

TEST_P(store_contract, change_booking_status_refused_commits_nothing) {
  const auto booked = book(algebra.id);
  const auto try_as = [&](const id& who, booking_status wanted) {
    return data->change_booking_status(booked.row.id, who, wanted).error();
  };
  EXPECT_EQ(rows_of([&] {
                EXPECT_EQ(try_as(student.id, accepted), errc::forbidden);
                EXPECT_EQ(try_as(other_teacher.id, accepted), errc::not_found);
                EXPECT_EQ(try_as(teacher.id, completed), errc::wrong_state);
                EXPECT_EQ(data->change_booking_status(make_id(), teacher.id, accepted).error(), errc::not_found);
              }), (texts{}));
  EXPECT_EQ(must(data->find_booking(booked.row.id)).row.status, pending);
}

TEST_P(store_contract, change_booking_status_accepting_an_overlap_is_refused) {
  const auto first = must(data->create_booking(a_booking(student.id, algebra.id, at(1, 10)))).value;
  const auto second = must(data->create_booking(a_booking(student.id, algebra.id, at(1, 10, 30)))).value;
  must(data->change_booking_status(first.row.id, teacher.id, accepted));
  EXPECT_EQ(rows_of([&] {
                EXPECT_EQ(data->change_booking_status(second.row.id, teacher.id, accepted).error(), errc::overlap);
              }), (texts{}));
  EXPECT_EQ(must(data->find_booking(second.row.id)).row.status, pending);
  must(data->change_booking_status(first.row.id, student.id, cancelled));
  EXPECT_TRUE(data->change_booking_status(second.row.id, teacher.id, accepted));
}

TEST_P(store_contract, find_booking_unknown_id_is_not_found) {
  EXPECT_EQ(data->find_booking(make_id()).error(), errc::not_found);
}

// lists --------------------------------------------------------------------------------------------------------------

class store_booking_lists : public store_contract {
 protected:
  void SetUp() override {
    store_contract::SetUp();
    other_student = a_user("karim@example.com");
    must(data->create_user(other_student));
    // Named by its note; created on one day, scheduled on another, so that no two orders agree.
    add("a", algebra.id, student.id, accepted, 1, 23);
    add("b", guitar.id, student.id, pending, 2, 21);
    add("c", algebra.id, student.id, pending, 3, 24);
    add("d", algebra.id, other_student.id, pending, 4, 22);
  }
  void add(const char* note, const id& gig_id, const id& who, booking_status status, int created, int scheduled) {
    auto wanted = a_booking(who, gig_id, at(scheduled), at(created));
    wanted.status = status;
    wanted.note = note;
    must(data->create_booking(wanted));
  }
  texts notes(const booking_query& query) {
    texts result;
    for (const auto& each : must(data->list_bookings(query)).rows) result.push_back(each.row.note.value_or(""));
    return result;
  }
  user other_student;
};
INSTANTIATE_TEST_SUITE_P(stores, store_booking_lists, ::testing::ValuesIn(store_kinds()),
                         [](const auto& each) { return each.param.name; });

TEST_P(store_booking_lists, list_bookings_shows_own_ones_by_role) {
  EXPECT_EQ(notes({.user_id = student.id}), (texts{"c", "b", "a"}));
  EXPECT_EQ(notes({.user_id = other_student.id}), (texts{"d"}));
  EXPECT_EQ(notes({.user_id = teacher.id, .as = role::teacher}), (texts{"d", "c", "a"}));
  EXPECT_EQ(notes({.user_id = other_teacher.id, .as = role::teacher}), (texts{"b"}));
  EXPECT_EQ(notes({.user_id = teacher.id, .as = role::student}), (texts{}));
  EXPECT_EQ(notes({.user_id = teacher.id, .as = role::admin}), (texts{}));
  EXPECT_EQ(notes({.user_id = "%"}), (texts{}));
}

TEST_P(store_booking_lists, list_bookings_each_order_is_kept_with_and_without_status) {
  const auto in = [&](booking_order order) { return notes({.user_id = student.id, .order = order}); };
  EXPECT_EQ(in(booking_order::newest), (texts{"c", "b", "a"}));
  EXPECT_EQ(in(booking_order::oldest), (texts{"a", "b", "c"}));
  EXPECT_EQ(in(booking_order::soonest), (texts{"b", "a", "c"}));
  EXPECT_EQ(in(booking_order::latest), (texts{"c", "a", "b"}));
  const auto waiting = [&](booking_order order) {
    return notes({.user_id = teacher.id, .as = role::teacher, .status = pending, .order = order});
  };
  EXPECT_EQ(waiting(booking_order::newest), (texts{"d", "c"}));
  EXPECT_EQ(waiting(booking_order::oldest), (texts{"c", "d"}));
  EXPECT_EQ(waiting(booking_order::soonest), (texts{"d", "c"}));
  EXPECT_EQ(waiting(booking_order::latest), (texts{"c", "d"}));
}

TEST_P(store_booking_lists, list_bookings_status_narrows_rows_and_total) {
  EXPECT_EQ(notes({.user_id = student.id, .status = accepted}), (texts{"a"}));
  EXPECT_EQ(must(data->list_bookings({.user_id = student.id, .status = pending})).total, 2);
  EXPECT_EQ(must(data->list_bookings({.user_id = student.id, .status = rejected})).total, 0);
}

TEST_P(store_booking_lists, list_bookings_rows_carry_what_they_join) {
  const auto row = must(data->list_bookings({.user_id = other_teacher.id, .as = role::teacher})).rows.at(0);
  EXPECT_EQ(row.student_name, "Rahim Uddin");
  EXPECT_EQ(row.teacher_name, "Tom Baker");
  EXPECT_EQ(row.gig_title, "Guitar for beginners");
  EXPECT_EQ(row.gig_subject, "Guitar");
  EXPECT_EQ(row.gig_price, money{30050});
}

TEST_P(store_booking_lists, list_bookings_pages_have_rows_and_total) {
  auto list = must(data->list_bookings({.user_id = student.id, .page = {1, 2}}));
  EXPECT_EQ(list.rows.size(), 2u);
  EXPECT_EQ(list.total, 3);
  EXPECT_EQ(notes({.user_id = student.id, .page = {2, 2}}), (texts{"a"}));
  list = must(data->list_bookings({.user_id = student.id, .page = {3, 2}}));
  EXPECT_EQ(list.rows.size(), 0u);
  EXPECT_EQ(list.total, 3);
}

TEST_P(store_booking_lists, list_bookings_same_moment_pages_cover_all_once) {
  for (int i = 0; i < 7; ++i) add("same", algebra.id, other_student.id, cancelled, 9, 30);
  for (const auto order :
       {booking_order::newest, booking_order::oldest, booking_order::soonest, booking_order::latest}) {
    std::vector<id> ids;
    for (int number = 1; number <= 4; ++number) {
      const auto list = must(data->list_bookings(
          {.user_id = other_student.id, .status = cancelled, .order = order, .page = {number, 2}}));
      for (const auto& each : list.rows) ids.push_back(each.row.id);
    }
    ASSERT_EQ(ids.size(), 7u);
    const bool rising = order == booking_order::oldest || order == booking_order::soonest;
    for (std::size_t i = 1; i < ids.size(); ++i) EXPECT_EQ(ids[i - 1] < ids[i], rising);
  }
}

}  // namespace
}  // namespace bookings::testing

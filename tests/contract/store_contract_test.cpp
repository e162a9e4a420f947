// The contract of every store: accounts and gigs. Bookings, outbox and concurrency are in the files beside this one.
#include "tests/support/store_harness.hpp"

namespace bookings::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(stores, store_contract, ::testing::ValuesIn(store_kinds()),
                         [](const auto& each) { return each.param.name; });

texts titles(const page<gig>& list) {
  texts result;
  for (const auto& each : list.rows) result.push_back(each.title);
  return result;
}

TEST_P(store_contract, check_open_store_succeeds) { EXPECT_TRUE(data->check()); }

// users --------------------------------------------------------------------------------------------------------------

TEST_P(store_contract, find_user_known_id_gives_all_members) {
  const auto found = must(data->find_user(teacher.id));
  EXPECT_EQ(found.id, teacher.id);
  EXPECT_EQ(found.email, "ayesha@example.com");
  EXPECT_EQ(found.name, "Ayesha Rahman");
  EXPECT_EQ(found.role, role::teacher);
  EXPECT_EQ(found.password_hash, "$argon2id$no-hash");
  EXPECT_EQ(found.created_at, at(0));
}

TEST_P(store_contract, find_user_unknown_id_is_not_found) {
  EXPECT_EQ(data->find_user(make_id()).error(), errc::not_found);
}

TEST_P(store_contract, find_user_by_email_known_gives_that_user) {
  EXPECT_EQ(must(data->find_user_by_email("tom@example.com")).id, other_teacher.id);
  EXPECT_EQ(data->find_user_by_email("nobody@example.com").error(), errc::not_found);
  EXPECT_EQ(data->find_user_by_email("%").error(), errc::not_found);
}

TEST_P(store_contract, create_user_taken_email_is_refused_and_first_stays) {
  EXPECT_EQ(data->create_user(a_user("rahim@example.com")).error(), errc::email_taken);
  EXPECT_EQ(must(data->find_user_by_email("rahim@example.com")).id, student.id);
}

TEST_P(store_contract, create_user_text_beyond_ascii_comes_back_unchanged) {
  const std::string name = "রহিম 'উদ্দিন' \"; DROP TABLE users; --";
  const auto added = a_user("quote'\"@example.com", role::student, name);
  must(data->create_user(added));
  EXPECT_EQ(must(data->find_user(added.id)).name, name);
  EXPECT_TRUE(data->find_user_by_email("quote'\"@example.com"));
}

TEST_P(store_contract, create_user_known_id_is_internal) {
  auto copy = a_user("new@example.com");
  copy.id = student.id;
  EXPECT_EQ(data->create_user(copy).error(), errc::internal);
}

// gigs: one ----------------------------------------------------------------------------------------------------------

TEST_P(store_contract, find_gig_known_id_gives_all_members) {
  const auto found = must(data->find_gig(guitar.id));
  EXPECT_EQ(found.id, guitar.id);
  EXPECT_EQ(found.teacher_id, other_teacher.id);
  EXPECT_EQ(found.teacher_name, "Tom Baker");
  EXPECT_EQ(found.title, "Guitar for beginners");
  EXPECT_EQ(found.subject, "Guitar");
  EXPECT_EQ(found.description, "An hour of Guitar for beginners");
  EXPECT_EQ(found.price, money{30050});
  EXPECT_EQ(found.created_at, at(0));
  EXPECT_EQ(found.updated_at, at(0));
}

TEST_P(store_contract, find_gig_unknown_id_is_not_found) {
  EXPECT_EQ(data->find_gig(make_id()).error(), errc::not_found);
}

TEST_P(store_contract, create_gig_commits_its_row) {
  committed<gig> created;
  const auto written = rows_of([&] { created = must(data->create_gig(a_gig(teacher.id, "Calculus"))); });
  EXPECT_EQ(written, (texts{"gig:" + created.value.id}));
  EXPECT_EQ(created.value.teacher_name, "Ayesha Rahman");
  EXPECT_EQ(created.shown_in, showing{});
  ASSERT_EQ(created.rows.size(), 1u);
  EXPECT_EQ(created.rows[0].number, rows().back().number);
  EXPECT_EQ(created.rows[0].what, (change{change_kind::gig, created.value.id}));
}

TEST_P(store_contract, update_gig_some_members_leaves_the_others) {
  const auto changed = must(data->update_gig(algebra.id, teacher.id, {.title = "Linear algebra", .price = money{1}}));
  const auto found = must(data->find_gig(algebra.id));
  for (const auto& each : {changed.value, found}) {
    EXPECT_EQ(each.title, "Linear algebra");
    EXPECT_EQ(each.price, money{1});
    EXPECT_EQ(each.subject, "Mathematics");
    EXPECT_EQ(each.description, "An hour of Algebra");
    EXPECT_EQ(each.created_at, at(0));
    EXPECT_NE(each.updated_at, at(0));
  }
}

TEST_P(store_contract, update_gig_nothing_differs_still_commits_a_row) {
  EXPECT_EQ(rows_of([&] { must(data->update_gig(algebra.id, teacher.id, {.title = "Algebra"})); }),
            (texts{"gig:" + algebra.id}));
  EXPECT_EQ(rows_of([&] { must(data->update_gig(algebra.id, teacher.id, {})); }), (texts{"gig:" + algebra.id}));
}

TEST_P(store_contract, update_gig_with_bookings_names_who_sees_it) {
  book(algebra.id);
  book(algebra.id, booking_status::cancelled);
  book(guitar.id);
  EXPECT_EQ(sorted(must(data->update_gig(algebra.id, teacher.id, {.title = "x"})).shown_in.booking_lists),
            sorted({student.id, teacher.id}));
  const auto users_of = [&](const id& gig_id) {
    return sorted(must(data->places_showing({change_kind::gig, gig_id})).booking_lists);
  };
  EXPECT_EQ(users_of(algebra.id), sorted({student.id, teacher.id}));
  EXPECT_EQ(users_of(guitar.id), sorted({student.id, other_teacher.id}));
  EXPECT_EQ(users_of(make_id()), (texts{}));
}

TEST_P(store_contract, update_gig_refused_changes_nothing_and_commits_no_row) {
  EXPECT_EQ(rows_of([&] {
                EXPECT_EQ(data->update_gig(algebra.id, other_teacher.id, {.title = "x"}).error(), errc::forbidden);
                EXPECT_EQ(data->update_gig(make_id(), teacher.id, {.title = "x"}).error(), errc::not_found);
                EXPECT_EQ(data->delete_gig(algebra.id, other_teacher.id).error(), errc::forbidden);
                EXPECT_EQ(data->delete_gig(make_id(), teacher.id).error(), errc::not_found);
              }), (texts{}));
  EXPECT_EQ(must(data->find_gig(algebra.id)).title, "Algebra");
}

TEST_P(store_contract, delete_gig_owner_hides_it_and_bookings_go_on_showing_it) {
  const auto booked = book(algebra.id);
  committed<gig> deleted;
  EXPECT_EQ(rows_of([&] { deleted = must(data->delete_gig(algebra.id, teacher.id)); }), (texts{"gig:" + algebra.id}));
  EXPECT_EQ(deleted.value.title, "Algebra");
  EXPECT_EQ(sorted(deleted.shown_in.booking_lists), sorted({student.id, teacher.id}));

  EXPECT_EQ(data->find_gig(algebra.id).error(), errc::not_found);
  EXPECT_EQ(titles(must(data->list_gigs({}))), (texts{"Guitar for beginners"}));
  EXPECT_EQ(data->update_gig(algebra.id, teacher.id, {.title = "x"}).error(), errc::not_found);
  EXPECT_EQ(data->delete_gig(algebra.id, teacher.id).error(), errc::not_found);
  EXPECT_EQ(data->create_booking(a_booking(student.id, algebra.id, at(300))).error(), errc::not_found);
  EXPECT_EQ(must(data->find_booking(booked.row.id)).gig_title, "Algebra");
  EXPECT_EQ(must(data->places_showing({change_kind::gig, algebra.id})), deleted.shown_in);
}

// gigs: lists --------------------------------------------------------------------------------------------------------

class store_gig_lists : public store_contract {
 protected:
  void SetUp() override {
    store_contract::SetUp();
    must(data->delete_gig(algebra.id, teacher.id));
    must(data->delete_gig(guitar.id, other_teacher.id));
    const auto add = [&](const id& owner, const char* title, const char* subject, int price, int day) {
      must(data->create_gig(a_gig(owner, title, subject, {price}, at(day))));
    };
    add(teacher.id, "A", "Physics", 300, 1);
    add(other_teacher.id, "B", "Physics", 100, 2);
    add(teacher.id, "C", "Guitar", 200, 3);
    add(teacher.id, "D 100% _fun_", "Guitar", 400, 4);
  }
  texts found(const std::string& search) {
    return titles(must(data->list_gigs({.search = search, .order = gig_order::oldest})));
  }
};
INSTANTIATE_TEST_SUITE_P(stores, store_gig_lists, ::testing::ValuesIn(store_kinds()),
                         [](const auto& each) { return each.param.name; });

TEST_P(store_gig_lists, list_gigs_each_order_is_kept) {
  const auto in = [&](gig_order order) { return titles(must(data->list_gigs({.order = order}))); };
  EXPECT_EQ(in(gig_order::newest), (texts{"D 100% _fun_", "C", "B", "A"}));
  EXPECT_EQ(in(gig_order::oldest), (texts{"A", "B", "C", "D 100% _fun_"}));
  EXPECT_EQ(in(gig_order::cheapest), (texts{"B", "C", "A", "D 100% _fun_"}));
  EXPECT_EQ(in(gig_order::dearest), (texts{"D 100% _fun_", "A", "C", "B"}));
}

TEST_P(store_gig_lists, list_gigs_filters_narrow_rows_and_total) {
  auto list = must(data->list_gigs({.subject = "Physics"}));
  EXPECT_EQ(titles(list), (texts{"B", "A"}));
  EXPECT_EQ(list.total, 2);
  list = must(data->list_gigs({.teacher_id = teacher.id, .order = gig_order::cheapest}));
  EXPECT_EQ(titles(list), (texts{"C", "A", "D 100% _fun_"}));
  list = must(data->list_gigs({.subject = "Guitar", .teacher_id = other_teacher.id}));
  EXPECT_EQ(titles(list), (texts{}));
  EXPECT_EQ(list.total, 0);
  EXPECT_EQ(list.rows.size(), 0u);
}

TEST_P(store_gig_lists, list_gigs_pages_cover_all_once) {
  texts all;
  for (int number = 1; number <= 3; ++number) {
    const auto list = must(data->list_gigs({.page = {number, 3}}));
    EXPECT_EQ(list.total, 4);
    for (const auto& each : titles(list)) all.push_back(each);
  }
  EXPECT_EQ(all, (texts{"D 100% _fun_", "C", "B", "A"}));
  EXPECT_EQ(titles(must(data->list_gigs({.page = {2000000000, 100}}))), (texts{}));
}

TEST_P(store_gig_lists, list_gigs_search_finds_words_in_any_text_and_case) {
  EXPECT_EQ(found("PHYSICS"), (texts{"A", "B"}));
  EXPECT_EQ(found("hour"), (texts{"A", "B", "C", "D 100% _fun_"}));
  EXPECT_EQ(found("  guitar\tfun "), (texts{"D 100% _fun_"}));
  EXPECT_EQ(found("guitar physics"), (texts{}));
  EXPECT_EQ(found(" "), (texts{"A", "B", "C", "D 100% _fun_"}));
}

TEST_P(store_gig_lists, list_gigs_search_takes_wildcards_as_text) {
  EXPECT_EQ(found("%"), (texts{"D 100% _fun_"}));
  EXPECT_EQ(found("_"), (texts{"D 100% _fun_"}));
  EXPECT_EQ(found("100%"), (texts{"D 100% _fun_"}));
  EXPECT_EQ(found("1_0"), (texts{}));
  EXPECT_EQ(found("\\"), (texts{}));
  EXPECT_EQ(found("' OR 1=1 --"), (texts{}));
  EXPECT_EQ(found(std::string(8000, 'x')), (texts{}));
  std::string many;
  for (int i = 0; i < 3000; ++i) many += "a ";
  EXPECT_TRUE(data->list_gigs({.search = many}));
}

TEST_P(store_gig_lists, list_gigs_same_moment_is_ordered_by_id) {
  for (int i = 0; i < 5; ++i) must(data->create_gig(a_gig(teacher.id, "same", "Same", {7}, at(9))));
  for (const auto order : {gig_order::newest, gig_order::oldest, gig_order::cheapest, gig_order::dearest}) {
    const auto list = must(data->list_gigs({.subject = "Same", .order = order})).rows;
    const bool rising = order == gig_order::oldest || order == gig_order::cheapest;
    for (std::size_t i = 1; i < list.size(); ++i) EXPECT_EQ(list[i - 1].id < list[i].id, rising);
  }
}

}  // namespace
}  // namespace bookings::testing

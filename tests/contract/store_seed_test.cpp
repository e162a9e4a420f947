// The demo data, in every kind of store.
#include "server/ops/seed.hpp"

#include "tests/support/store_harness.hpp"

#include <algorithm>
#include <map>

namespace bookings::testing {
namespace {

using namespace std::chrono_literals;

class store_seed : public ::testing::TestWithParam<store_kind> {
 protected:
  void SetUp() override {
    harness = GetParam().make();
    data = harness->open();
  }
  // All bookings of a user, page by page.
  std::vector<booking> all_of(const id& who, role as) {
    std::vector<booking> all;
    for (int number = 1;; ++number) {
      const auto list = must(data->list_bookings({.user_id = who, .as = as, .page = {number, 100}}));
      for (const auto& each : list.rows) all.push_back(each.row);
      if (list.rows.empty()) return all;
    }
  }
  std::unique_ptr<store_harness> harness;
  std::unique_ptr<store> data;
  seed_options options{.password_hash = "$argon2id$demo"};
};
INSTANTIATE_TEST_SUITE_P(stores, store_seed, ::testing::ValuesIn(store_kinds()),
                         [](const auto& each) { return each.param.name; });

TEST_P(store_seed, seed_demo_empty_store_fills_it_with_skewed_fitting_data) {
  std::map<std::string, int, std::less<>> told;
  const auto summary = must(seed_demo(*data, [&](std::string_view what, int done, int total) {
    EXPECT_LE(done, total);
    told.insert_or_assign(std::string(what), done);
    return true;
  }, options));
  EXPECT_TRUE(summary.seeded);
  EXPECT_EQ(summary.users, 145);
  EXPECT_EQ(summary.gigs, 60);
  EXPECT_GE(summary.bookings, 1150);
  EXPECT_EQ(told, (std::map<std::string, int, std::less<>>{{"accounts", 145},
                                                           {"gigs", 60},
                                                           {"bookings", 1200}}));

  const auto offered = must(data->list_gigs({.page = {1, 100}}));
  EXPECT_EQ(offered.total, 60);
  std::map<id, int> by_teacher, by_student;
  int all = 0;
  for (const auto& each : offered.rows) by_teacher.emplace(each.teacher_id, 0);
  EXPECT_EQ(by_teacher.size(), 24u);
  const auto demo_teacher = must(data->find_user_by_email(std::string(demo_teacher_email)));
  const auto demo_student = must(data->find_user_by_email(std::string(demo_student_email)));
  EXPECT_EQ(demo_student.role, role::student);
  EXPECT_EQ(demo_teacher.password_hash, "$argon2id$demo");

  for (auto& [teacher, count] : by_teacher) {
    std::vector<booking> taken;
    for (const auto& each : all_of(teacher, role::teacher)) {
      ++count, ++all, ++by_student[each.student_id];
      const bool is_past = each.scheduled_at < options.now;
      EXPECT_TRUE(is_past || each.status != booking_status::completed);
      EXPECT_TRUE(!is_past || each.status != booking_status::pending);
      EXPECT_LE(each.created_at, each.updated_at);
      EXPECT_LE(each.updated_at, now());  // payments are made and decided now
      EXPECT_LT(each.created_at, each.scheduled_at);
      EXPECT_EQ(each.scheduled_at.time_since_epoch() % 15min, 0min);
      if (each.status != booking_status::accepted) continue;
      for (const auto& other : taken) EXPECT_FALSE(overlap(each, other));
      taken.push_back(each);
    }
  }
  EXPECT_EQ(all, summary.bookings);
  const auto most = [](const auto& counts) {
    return std::max_element(counts.begin(), counts.end(), [](auto& a, auto& b) { return a.second < b.second; });
  };
  EXPECT_EQ(most(by_teacher)->first, demo_teacher.id);
  EXPECT_EQ(most(by_student)->first, demo_student.id);
  EXPECT_GT(by_teacher[demo_teacher.id], 3 * all / 24);   // three times its even share
  EXPECT_GT(by_student[demo_student.id], 5 * all / 120);
  EXPECT_GT(by_student.size(), 100u);
}

TEST_P(store_seed, seed_demo_reviews_and_payments_fit_their_bookings) {
  const auto summary = must(seed_demo(*data, {}, options));
  std::int64_t reviews = 0;
  for (const auto& offer : must(data->list_gigs({.page = {1, 100}})).rows) {
    const auto list = must(data->list_reviews({.subject_id = offer.id, .page = {1, 100}}));
    reviews += list.total;
    for (const auto& each : list.rows) {
      const auto of = must(data->find_booking(each.row.booking_id)).row;
      EXPECT_GE(each.row.created_at, of.scheduled_at);
      EXPECT_LE(each.row.created_at, options.now);
    }
  }
  EXPECT_EQ(reviews, summary.reviews);
  EXPECT_GT(reviews, 200);
  const auto busiest = must(data->find_user_by_email(std::string(demo_teacher_email)));
  const auto profile = must(data->find_profile(busiest.id));
  EXPECT_GT(profile.reviews, 10);
  EXPECT_TRUE(profile.bio && profile.city && profile.country);

  std::map<manual_payment_status, std::int64_t> payments;
  using enum manual_payment_status;
  for (const auto status : {pending, verified, rejected}) {
    const auto list = must(data->list_manual_payments({.status = status, .page = {1, 100}}));
    payments[status] = list.total;
    EXPECT_GT(list.total, 0) << to_text(status);
    for (const auto& each : list.rows) {
      EXPECT_EQ(must(data->find_booking(each.row.booking_id)).row.payment, payment_after(status));
      EXPECT_LE(each.row.created_at, options.now);
    }
  }
  EXPECT_EQ(payments[pending] + payments[verified] + payments[rejected], summary.payments);
  EXPECT_EQ(must(data->list_trail({})).total, summary.payments - payments[pending]);
}

TEST_P(store_seed, seed_demo_second_call_does_nothing) {
  options.teachers = 3, options.students = 5, options.gigs = 4, options.bookings = 30;
  must(seed_demo(*data, {}, options));
  const auto before = must(data->read_pass({"a", 0ms, 10000})).rows;
  const auto never = [](std::string_view, int, int) { return ADD_FAILURE() << "something was written", true; };
  const auto summary = must(seed_demo(*data, never, options));
  EXPECT_FALSE(summary.seeded);
  EXPECT_EQ(summary.users, 0);
  EXPECT_EQ(must(data->read_pass({"a", 0ms, 10000})).rows.size(), before.size());
}

TEST_P(store_seed, seed_demo_ended_by_its_progress_stops_there_and_says_so) {
  options.teachers = 3, options.students = 5, options.gigs = 4, options.bookings = 30;
  const auto summary = must(seed_demo(*data, [](std::string_view what, int, int) { return what != "gigs"; }, options));
  EXPECT_TRUE(summary.seeded && summary.interrupted);
  EXPECT_EQ(summary.gigs, 4);
  EXPECT_EQ(summary.bookings, 0);
  EXPECT_EQ(must(data->list_gigs({})).total, 4);
}

TEST_P(store_seed, fill_that_fails_is_told_and_one_that_succeeds_is_to_be_noticed) {
  const auto before = must(data->read_pass({"a", 0ms, 1000}));
  user teacher;
  teacher.id = make_id(), teacher.email = "t@example.com", teacher.name = "T", teacher.role = role::teacher;
  must(data->create_user(teacher));
  gig offer;
  offer.id = make_id(), offer.teacher_id = teacher.id, offer.title = "Algebra", offer.subject = "Mathematics";
  const auto failed = data->fill({"gigs"}, [&](store& into) -> result<void> {
    auto other = offer;
    other.id = make_id();
    EXPECT_TRUE(into.create_gig(other));
    return errc::internal;
  });
  EXPECT_EQ(failed.error(), errc::internal);
  must(data->fill({"gigs"}, [&](store& into) -> result<void> {
    if (const auto made = into.create_gig(offer); !made) return made.error();
    return {};
  }));
  EXPECT_TRUE(data->find_gig(offer.id));
  // By its row, or by the epoch that stands for it.
  const auto after = must(data->read_pass({"a", 0ms, 1000}));
  EXPECT_TRUE(after.rows.size() > before.rows.size() || after.epochs.at("gigs") > before.epoch);
  // A write after it has its row again.
  must(data->update_gig(offer.id, teacher.id, {.title = "Geometry"}));
  EXPECT_GT(must(data->read_pass({"a", 0ms, 1000})).rows.size(), after.rows.size());
  if (after.epoch > before.epoch) {
    EXPECT_EQ(must(data->list_gigs({})).total, 1);  // with transactions: nothing of what failed
    EXPECT_EQ(after.epochs.size(), 1u);
  }
}

TEST_P(store_seed, seed_demo_same_seed_makes_the_same_data) {
  options.teachers = 3, options.students = 5, options.gigs = 4, options.bookings = 30;
  const auto seeded = [&] {
    const auto own = GetParam().make();
    const auto into = own->open();
    must(seed_demo(*into, {}, options));
    const auto who = must(into->find_user_by_email(std::string(demo_student_email)));
    std::string text = who.name;
    for (const auto& each : must(into->list_bookings({.user_id = who.id, .page = {1, 100}})).rows) {
      text += each.teacher_name + format_time(each.row.scheduled_at) + std::string(to_text(each.row.status));
    }
    for (const auto& offer : must(into->list_gigs({.page = {1, 100}})).rows) {
      for (const auto& each : must(into->list_reviews({.subject_id = offer.id, .page = {1, 100}})).rows) {
        text += each.student_name + std::to_string(each.row.rating) + each.row.comment;
        text += format_time(each.row.created_at);
      }
    }
    for (const auto& each : must(into->list_manual_payments({.page = {1, 100}})).rows) text += each.row.transaction_id;
    return text;
  };
  EXPECT_EQ(seeded(), seeded());
}

TEST_P(store_seed, seed_demo_more_people_than_names_still_has_distinct_emails) {
  options.teachers = 1, options.students = 900, options.gigs = 1, options.bookings = 0;
  EXPECT_EQ(must(seed_demo(*data, {}, options)).users, 902);
}

}  // namespace
}  // namespace bookings::testing

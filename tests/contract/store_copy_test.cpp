// All of one store into another one, for each pair of kinds: what arrives, what is refused, and how a copy that was
// broken off goes on.
#include "server/stores/copy.hpp"

#include "server/domain/repetition.hpp"
#include "server/stores/mongo/cluster.hpp"
#include "server/stores/mongo/collections.hpp"
#include "server/stores/mongo/link.hpp"
#include "server/stores/mongo/mongo_bulk.hpp"
#include "tests/support/store_harness.hpp"

namespace bookings::testing {
namespace {

using namespace std::chrono_literals;

struct pair_of_kinds {
  store_kind from, to;
};

void PrintTo(const pair_of_kinds& pair, std::ostream* to) { *to << pair.from.name << " to " << pair.to.name; }

std::vector<pair_of_kinds> pairs(bool with_mongo) {
  std::vector<pair_of_kinds> all;
  for (const auto& from : store_kinds())
    for (const auto& to : store_kinds())
      if (with_mongo == (from.name == "mongo" || to.name == "mongo")) all.push_back({from, to});
  return all;
}

copy_options quickly(std::size_t rows_at_once = 3) {
  copy_options options;
  options.rows_at_once = rows_at_once;
  options.watch = 0ms;
  return options;
}

std::vector<record> all_of(bulk_reader& from, record_kind kind) { return from.read(kind, "", 1000); }

std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

class store_copy : public ::testing::TestWithParam<pair_of_kinds> {
 protected:
  // Something of everything, with a price beyond what clients may ask for an hour, with and without what may be missing.
  void SetUp() override {
    data = from->open();
    student = a_user("rahim@example.com");
    student.about = {"Bio", "01711", std::nullopt, "Dhaka", std::nullopt, "Bangladesh"};
    leaver = a_user("gone@example.com");
    teacher = a_user("ayesha@example.com", role::teacher, "Ayesha \"রহমান\"");
    admin = a_user("admin@example.com", role::admin);
    for (const auto& each : {student, leaver, teacher, admin}) must(data->create_user(each));
    dear = must(data->create_gig(a_gig(teacher.id, "Algebra", "Mathematics", {999'999'999}))).value;
    withdrawn = must(data->create_gig(a_gig(teacher.id, "Geometry", "Mathematics", {7}))).value;
    for (int day = 1; day <= 8; ++day) lessons.push_back(book(day % 2 == 0 ? dear : withdrawn, day));
    must(data->create_review(a_review(lessons[0].row, 5, "")));
    for (const std::string transaction : {"A1", "A2", "A3"})
      payments.push_back(must(data->create_manual_payment(a_payment(lessons[payments.size() + 1].row, transaction))).value.row);
    must(data->decide_manual_payment(payments[0].id, {admin.id, manual_payment_status::verified}));
    must(data->decide_manual_payment(payments[1].id, {admin.id, manual_payment_status::rejected, "No such transfer"}));
    const auto fair = must(data->create_gig(a_gig(teacher.id, "Fractions", "Mathematics", {50'000}))).value;
    for (const int day : {21, 22}) {
      const auto of = book(fair, day).row;
      gateway_payment wanted{make_id(), of.id, of.student_id, {of.price}};
      wanted.customer = {"Rahim", "rahim@example.com", "01711", "Road 1", "Dhaka", "1205", "Bangladesh"};
      wanted.created_at = wanted.updated_at = at(day);
      wanted.due_at = at(day, 12);
      online.push_back(must(data->create_gateway_payment(wanted)).value);
    }
    must(data->change_gateway_payment(online[0].id, [](const auto& p, const auto&) { return begin_attempt(p, at(9)); }));
    must(data->change_gateway_payment(online[0].id, [](const auto& p, const auto& of) {
      gateway_transaction said{transaction_id_of(p), "", gateway_status::valid, "", p.amount, "BDT"};
      said.bank_transaction_id = "BANK";
      return note_transaction(p, of, said, expectation_of(p, transaction_id_of(p)), at(9));
    }));
    must(data->delete_gig(withdrawn.id, teacher.id));
    must(data->block_user(student.id, admin.id, "A reason"));
    must(data->unblock_user(student.id, admin.id, {}));
    must(data->delete_account(leaver.id, "unusable", 1));
    repeated = {student.id, "POST /api/bookings", "a key", fingerprint_of("{}")};
    must(data->once(repeated, [&](store& inner) -> result<committed<kept_reply>> {
      auto made = inner.create_booking(lesson(dear, 20));
      if (!made) return made.error();
      return committed<kept_reply>{{201, "{\"id\":\"" + made->value.row.id + "\"}"}, made->rows, {}};
    }));
  }

  booking lesson(const gig& of, int day) {
    auto wanted = a_booking(student.id, of.id, at(day), at(day));
    wanted.duration_minutes = 90;
    if (day % 3 == 0) wanted.note = "Bring \"paper\"\n";
    wanted.status = day == 1 ? booking_status::completed : booking_status::accepted;
    return wanted;
  }
  booking_view book(const gig& of, int day) { return must(data->create_booking(lesson(of, day))).value; }

  std::vector<copied_kind> copy(const copy_options& options = quickly()) {
    const auto source = from->open_source();
    const auto target = to->open_target("the source");
    return copy_store(*source, *target, options);
  }

  // Reads it all, from the source as it is now and from the target.
  void expect_same() {
    const auto source = from->open_source(), copied = to->open_source();
    for (const auto kind : record_kinds) {
      const auto wanted = all_of(*source, kind);
      EXPECT_FALSE(wanted.empty()) << to_text(kind);
      EXPECT_TRUE(wanted == all_of(*copied, kind)) << to_text(kind);
      EXPECT_EQ(copied->count(kind), static_cast<std::int64_t>(wanted.size())) << to_text(kind);
    }
  }

  std::unique_ptr<store_harness> from = GetParam().from.make(), to = GetParam().to.make();
  std::unique_ptr<store> data;
  user student, leaver, teacher, admin;
  gig dear, withdrawn;
  std::vector<booking_view> lessons;
  std::vector<manual_payment> payments;
  std::vector<gateway_payment> online;
  repetition_key repeated;
};

TEST_P(store_copy, copy_of_everything_is_the_same) {
  const auto copied = copy();
  ASSERT_EQ(copied.size(), record_kinds.size());
  const std::vector<std::int64_t> wanted = {4, 3, 11, 1, 3, 2, 4, 1};
  for (std::size_t i = 0; i < copied.size(); ++i) {
    EXPECT_EQ(copied[i].rows, wanted[i]) << to_text(copied[i].kind);
    EXPECT_EQ(copied[i].written, wanted[i]) << to_text(copied[i].kind);
  }
  expect_same();
}

TEST_P(store_copy, copy_answers_as_the_source_does) {
  copy();
  const auto other = to->open();
  EXPECT_EQ(must(other->find_user_by_email(student.email)), must(data->find_user_by_email(student.email)));
  EXPECT_EQ(must(other->find_session(student.id)).token_version, 3);
  EXPECT_EQ(must(other->find_session(leaver.id)).state, account_state::deleted);
  EXPECT_FALSE(other->find_gig(withdrawn.id));
  const auto list = [&](store& of) {
    std::vector<std::string> lines;
    for (const auto& each : must(of.list_bookings({.user_id = student.id})).rows)
      lines.push_back(each.row.id + each.gig_title + each.teacher_name + std::to_string(each.row.price.hundredths) +
                      std::string(to_text(each.row.payment)) + each.row.note.value_or("-"));
    return lines;
  };
  EXPECT_EQ(list(*other), list(*data));
  EXPECT_EQ(list(*other).size(), 11u);
  // A repetition gets its answer, and waits for nothing: no node can show what was before.
  const auto kept = must(other->find_kept_reply(repeated));
  EXPECT_EQ(kept.value.body, must(data->find_kept_reply(repeated)).value.body);
  EXPECT_TRUE(kept.rows.empty());
  // It goes on where the other one ended.
  must(other->append_trail({admin.id, trail_action::purge_cache, trail_subject::cache, "gigs"}));
  const auto trail = must(other->list_trail({}));
  ASSERT_EQ(trail.total, 5);
  EXPECT_EQ(trail.rows.front().what.action, trail_action::purge_cache);
  EXPECT_EQ(trail.rows[1].id, must(data->list_trail({})).rows.front().id);
  EXPECT_EQ(other->create_user(a_user(student.email)).error(), errc::email_taken);
}

TEST_P(store_copy, copy_knows_no_redis_and_has_no_rows) {
  const auto nonce = must(data->claim_identity("a redis"));
  EXPECT_EQ(must(data->claim_identity("a redis")), nonce);
  must(data->bump_cache_epoch("gigs"));
  copy();
  const auto other = to->open();
  const auto pass = must(other->read_pass({"a redis"}));
  EXPECT_EQ(pass.nonce, "");
  EXPECT_TRUE(pass.rows.empty());
  EXPECT_TRUE(pass.epochs.empty());
  EXPECT_NE(must(other->claim_identity("a redis")), nonce);
}

TEST_P(store_copy, copy_that_was_interrupted_goes_on) {
  auto options = quickly();
  options.progress = [](const copy_progress& now) { return now.kind != record_kind::bookings || now.part < 6; };
  EXPECT_NE(message_of([&] { copy(options); }).find("interrupted"), std::string::npos);
  std::int64_t written = 0;
  for (const auto& each : copy()) written += each.written;
  EXPECT_EQ(written, 5 + 1 + 3 + 2 + 4 + 1);  // what is beyond six of the bookings
  expect_same();
}

TEST_P(store_copy, copy_that_goes_on_takes_what_the_source_changed_meanwhile) {
  auto options = quickly();
  options.progress = [](const copy_progress& now) { return now.doing == copy_progress::step::copying; };
  EXPECT_NE(message_of([&] { copy(options); }).find("interrupted"), std::string::npos);
  must(data->change_password(student.id, "$argon2id$another", 3));
  must(data->update_gig(dear.id, teacher.id, {.title = "Calculus"}));
  // Kept replies go after a day, with the next write that tidies: here by a process of its own.
  from->advance(25h);
  must(from->open()->create_user(a_user("late@example.com")));
  EXPECT_FALSE(data->find_kept_reply(repeated));
  must(data->once(repeated, [&](store& inner) -> result<committed<kept_reply>> {
    return committed<kept_reply>{{200, "anew"}, must(inner.create_gig(a_gig(teacher.id))).rows, {}};
  }));
  copy();
  expect_same();
  EXPECT_EQ(must(to->open()->find_gig(dear.id)).title, "Calculus");
}

TEST_P(store_copy, copy_removes_what_the_source_does_not_have_any_more) {
  {
    const auto target = to->open_target("the source");
    target->add(record_kind::kept_replies, {{reply_key({student.id, "POST /api/gigs", "old"}), stored_reply{"f", 201, "{}", at(0)}}});
  }
  copy();
  expect_same();
}

TEST_P(store_copy, write_to_the_source_meanwhile_is_noticed_and_the_next_run_has_it) {
  for (const auto kind : {record_kind::users, record_kind::trail}) {
    auto options = quickly();
    bool is_written = false;
    options.progress = [&](const copy_progress& now) {
      if (now.kind == kind && !std::exchange(is_written, true)) must(data->append_trail({admin.id, trail_action::purge_cache, trail_subject::cache, "gigs"}));
      return true;
    };
    EXPECT_NE(message_of([&] { copy(options); }).find("somebody wrote"), std::string::npos);
  }
  copy();
  expect_same();
}

TEST_P(store_copy, copy_into_a_store_that_holds_something_is_refused) {
  {
    const auto other = to->open();
    must(other->create_user(a_user("other@example.com")));
  }
  EXPECT_NE(message_of([&] { copy(); }).find("already"), std::string::npos);
  EXPECT_TRUE(to->open()->find_user_by_email("other@example.com"));
  EXPECT_FALSE(to->open()->find_user_by_email(student.email));
}

TEST_P(store_copy, copy_of_another_source_is_refused_until_the_first_is_done) {
  auto options = quickly();
  options.progress = [](const copy_progress&) { return false; };
  EXPECT_NE(message_of([&] { copy(options); }), "");
  EXPECT_NE(message_of([&] { to->open_target("another source"); }).find("the source"), std::string::npos);
  copy();
}

TEST_P(store_copy, second_copy_into_the_same_store_does_no_harm) {
  auto options = quickly();
  std::string second;
  // A whole one in the midst of this one, which ends first where it may begin at all.
  options.progress = [&, is_begun = false](const copy_progress& now) mutable {
    if (now.kind == record_kind::bookings && !std::exchange(is_begun, true)) second = message_of([&] { copy(); });
    return true;
  };
  const auto first = message_of([&] { copy(options); });
  EXPECT_TRUE(first.empty()) << first;
  const auto* refusal = GetParam().to.name == "sqlite" ? "another copy into it is at work" : "";
  EXPECT_NE(second.find(refusal), std::string::npos) << second;
  expect_same();
}

std::string name_of(const ::testing::TestParamInfo<pair_of_kinds>& info) {
  return info.param.from.name + "_to_" + info.param.to.name;
}

INSTANTIATE_TEST_SUITE_P(stores, store_copy, ::testing::ValuesIn(pairs(false)), name_of);
INSTANTIATE_TEST_SUITE_P(mongo_stores, store_copy, ::testing::ValuesIn(pairs(true)), name_of);

// What only a database has that other programs may write to.
class mongo_copy : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!is_mongodb_there()) GTEST_SKIP() << "there is no MONGODB_URI";
  }
  void TearDown() override {
    if (is_mongodb_there()) mongo::link(at()).run(mongo::make("dropDatabase", 1));
  }
  mongo::cluster& at() {
    if (!at_) at_ = std::make_unique<mongo::cluster>(mongo::cluster_options{url});
    return *at_;
  }
  std::string copy_to_a_file() {
    return message_of([&] {
      const auto source = open_mongo_source({url});
      const auto target = store_kinds().front().make();
      copy_store(*source, *target->open_target("the source"), quickly());
    });
  }

  const std::string url = is_mongodb_there() ? mongodb_url("reprise_copy_" + make_id()) : "";
  std::unique_ptr<mongo::cluster> at_;
};

TEST_F(mongo_copy, server_does_not_start_on_a_copy_that_is_not_finished) {
  { const auto begun = open_mongo_target({url}, "sqlite:a.db"); }
  const auto refused = message_of([&] { make_mongo_store({url}); });
  EXPECT_NE(refused.find("sqlite:a.db into it was not finished"), std::string::npos) << refused;
  EXPECT_NE(message_of([&] { open_mongo_source({url}); }).find("not finished"), std::string::npos);
  open_mongo_target({url}, "sqlite:a.db")->finish();
  EXPECT_TRUE(make_mongo_store({url})->check());
}

TEST_F(mongo_copy, server_that_has_been_there_before_is_noticed_at_the_end) {
  const auto before = make_mongo_store({url});
  const auto target = open_mongo_target({url}, "sqlite:a.db");
  must(before->claim_identity("a redis"));
  EXPECT_NE(message_of([&] { target->finish(); }).find("a server has used it"), std::string::npos);
}

TEST_F(mongo_copy, row_that_refers_to_nothing_is_named) {
  const auto user_id = make_id(), gig_id = make_id();
  mongo::link on(at());
  on.insert(mongo::gigs, mongo::make("_id", mongo::ref(gig_id), "teacher", mongo::ref(user_id), "title", "Algebra", "subject", "Mathematics", "price", 5));
  const auto refused = copy_to_a_file();
  EXPECT_NE(refused.find(gig_id), std::string::npos) << refused;
  EXPECT_NE(refused.find("the source does not have"), std::string::npos) << refused;
}

TEST_F(mongo_copy, document_that_cannot_be_read_is_named) {
  mongo::link on(at());
  on.insert(mongo::users, mongo::make("_id", "rahim", "email", "rahim@example.com", "name", "Rahim", "role", "student", "password", "x"));
  EXPECT_NE(copy_to_a_file().find("\"users\", the document rahim: its \"_id\" is no ObjectId"), std::string::npos) << copy_to_a_file();
}

}  // namespace
}  // namespace bookings::testing

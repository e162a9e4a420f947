// What is MongoDB's alone: what writers leave behind who die in the middle, the number of commands, and clear errors. On
// the server that MONGODB_URI names; without one, skipped.
#include "server/stores/mongo/cluster.hpp"
#include "server/stores/mongo/collections.hpp"
#include "server/stores/mongo/failure.hpp"
#include "server/stores/mongo/link.hpp"
#include "server/stores/mongo/mongo_store.hpp"
#include "server/stores/mongo/unit.hpp"
#include "tests/support/store_harness.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

namespace bookings::testing {
namespace {

using namespace std::chrono_literals;
using mongo::document;
using mongo::make;
using mongo::ref;

class mongo_store_test : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!is_mongodb_there()) GTEST_SKIP() << "MONGODB_URI is not set (make test-mongo)";
    url = mongodb_url("reprise_test_" + make_id());
    data = open();
    must(data->create_user(student));
    must(data->create_user(teacher));
    algebra = must(data->create_gig(a_gig(teacher.id))).value;
  }
  void TearDown() override {
    if (!url.empty()) mongo::link(at()).run(make("dropDatabase", 1));
  }
  std::unique_ptr<mongo_store> open() { return make_mongo_store({url, [this] { return now().time_since_epoch().count() + ahead_ms; }}); }
  // Straight to the database, by a clock that is not the store's.
  mongo::cluster& at() {
    if (!direct_) direct_ = std::make_unique<mongo::cluster>(mongo::cluster_options{url});
    return *direct_;
  }

  // As a writer leaves it who dies after its commit: a new title for the gig, with its row.
  std::int64_t leave_intent(const std::string& name, const std::string& title) {
    mongo::link on(at());
    const auto gig = on.find_one(mongo::gigs, make("_id", ref(algebra.id)));
    const auto number = mongo::take_numbers(on, "outbox", 1);
    const auto set = make("id", gig->id_only(), "rev", gig->number_or("rev", 0), "members", make("title", title));
    on.insert(mongo::intents,
              make("_id", name, "state", "committed", "at", now().time_since_epoch().count() + ahead_ms, "rows",
                   std::vector<document>{make("number", number, "what", "gig:" + algebra.id)}, "operations",
                   std::vector<document>{make("collection", mongo::gigs, "kind", "set", "what", set)}));
    return number;
  }
  void leave_lock(const std::string& key, const std::string& name) {
    mongo::link(at()).insert(mongo::locks, make("_id", key, "by", name, "until", 1));
  }
  std::string title() { return must(data->find_gig(algebra.id)).title; }
  std::vector<std::int64_t> pending(const std::string& identity) {
    std::vector<std::int64_t> numbers;
    for (const auto& row : must(data->read_pass({identity})).rows) numbers.push_back(row.number);
    return numbers;
  }
  bool is_pending(const std::string& identity, std::int64_t number) {
    const auto all = pending(identity);
    return std::find(all.begin(), all.end(), number) != all.end();
  }

  std::string url;
  std::atomic<std::int64_t> ahead_ms{0};
  std::unique_ptr<mongo_store> data;
  user student = a_user("rahim@example.com"), teacher = a_user("ayesha@example.com", role::teacher, "Ayesha Rahman");
  gig algebra;

 private:
  std::unique_ptr<mongo::cluster> direct_;
};

TEST_F(mongo_store_test, intent_is_a_row_that_collects_no_acknowledgement_until_it_is_carried_out) {
  must(data->claim_identity("a"));
  const auto number = leave_intent("dead", "Carried out");
  EXPECT_EQ(must(data->read_pass({"a"})).intents, std::vector{number});
  EXPECT_EQ(title(), "Algebra");
  must(data->acknowledge_rows("a", {number}));
  EXPECT_TRUE(is_pending("a", number));
  EXPECT_EQ(must(data->observe_cache({number})).acknowledged.at(number), texts{});

  ahead_ms = 20'000;  // its writer should have done it long since: whoever looks next does it
  EXPECT_TRUE(is_pending("a", number));
  EXPECT_EQ(title(), "Carried out");
  EXPECT_TRUE(must(data->read_pass({"a"})).intents.empty());
  must(data->acknowledge_rows("a", {number}));
  EXPECT_FALSE(is_pending("a", number));
}

// An identity that was forgotten and claimed again, while one process still knows its former nonce.
TEST_F(mongo_store_test, acknowledgement_under_a_former_nonce_counts_for_no_newer_row) {
  const auto former = must(data->claim_identity("a"));
  EXPECT_EQ(must(data->read_pass({"a"})).nonce, former);
  ahead_ms = 2 * 60 * 60 * 1000;
  const auto other = open();
  must(other->claim_identity("b"));
  const auto nonce = must(other->claim_identity("a"));
  ASSERT_NE(nonce, former);
  const auto row = must(data->append_row({change_kind::gig, algebra.id})).number;

  must(data->acknowledge_rows("a", {row}));
  EXPECT_EQ(must(other->observe_cache({row})).acknowledged.at(row), texts{});
  EXPECT_EQ(must(data->read_pass({"a"})).nonce, nonce);
  EXPECT_TRUE(is_pending("a", row));
  must(data->acknowledge_rows("a", {row}));
  EXPECT_EQ(must(other->observe_cache({row})).acknowledged.at(row), texts{"a"});
}

TEST_F(mongo_store_test, row_waits_for_nobody_who_was_claimed_after_it) {
  must(data->claim_identity("a"));
  const auto row = must(data->append_row({change_kind::gig, algebra.id})).number;
  must(data->claim_identity("b"));
  EXPECT_FALSE(is_pending("b", row));
  EXPECT_EQ(must(data->observe_cache({row})).acknowledged.at(row), texts{"b"});
  must(data->acknowledge_rows("a", {row}));
  EXPECT_TRUE(must(data->observe_cache({row})).acknowledged.empty()) << "it is gone";
}

TEST_F(mongo_store_test, lock_of_a_dead_writer_ends_and_the_writer_can_never_commit) {
  leave_lock(mongo::lock_of_user(teacher.id), "dead");
  must(data->update_gig(algebra.id, teacher.id, {.title = "Written by the next"}));
  EXPECT_THROW(leave_intent("dead", "Too late"), mongo::failure);
  ahead_ms = 20'000;
  must(data->read_pass({"a"}));
  EXPECT_EQ(title(), "Written by the next");
}

TEST_F(mongo_store_test, lock_of_a_writer_that_died_after_its_commit_is_ended_by_carrying_it_out) {
  leave_lock(mongo::lock_of_user(teacher.id), "dead");
  leave_intent("dead", "Carried out first");
  const auto changed = must(data->update_gig(algebra.id, teacher.id, {.description = "Then changed"}));
  EXPECT_EQ(changed.value.title, "Carried out first");
  EXPECT_EQ(changed.value.description, "Then changed");
}

TEST_F(mongo_store_test, intent_that_is_carried_out_again_later_changes_nothing) {
  leave_intent("slow", "Carried out");
  mongo::link on(at());
  const auto kept = *on.find_one(mongo::intents, make("_id", "slow"));
  ahead_ms = 20'000;
  must(data->read_pass({"a"}));
  must(data->update_gig(algebra.id, teacher.id, {.title = "Newer"}));
  on.insert(mongo::intents, kept);  // as another process knows it, that was paused while it carried it out
  must(data->read_pass({"a"}));
  EXPECT_EQ(title(), "Newer");
}

// $lookup compares an id with what a document has, text or not; who is shown is the same.
TEST_F(mongo_store_test, reference_that_is_text_is_followed_in_lists) {
  const auto one = make_id();
  mongo::link(at()).insert(mongo::bookings_, make("_id", ref(one), "student", ref(student.id), "teacher", teacher.id, "gig", algebra.id,
                                                  "status", "pending", "scheduledAt", testing::at(3), "price", 500));
  const auto listed = must(data->list_bookings({.user_id = student.id})).rows;
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].teacher_name, teacher.name);
  EXPECT_EQ(listed[0].gig_title, algebra.title);
}

// Commands are round trips: docs/scaling.md counts with these numbers. On a replica set each call that reads begins with
// one more (link::catch_up).
class mongo_commands : public mongo_store_test {
 protected:
  std::uint64_t commands_of(const std::function<void()>& act) {
    const auto before = data->commands();
    act();
    return data->commands() - before;
  }
};

TEST_F(mongo_commands, lists_take_the_same_few_however_many_rows_they_have) {
  const auto bookings_of = [&](int limit) { must(data->list_bookings({.user_id = student.id, .page = {1, limit}})); };
  EXPECT_EQ(commands_of([&] { bookings_of(20); }), 1u);
  for (int day = 1; day <= 12; ++day) {
    auto wanted = a_booking(student.id, algebra.id, testing::at(day));
    wanted.status = booking_status::completed;
    const auto made = must(data->create_booking(wanted)).value.row;
    must(data->create_review(a_review(made, 5)));
  }
  const bool joins = at().has_lookup();
  const auto rows = joins ? 1u : 3u;  // else bookings, users, gigs
  EXPECT_EQ(commands_of([&] { bookings_of(20); }), rows);
  EXPECT_EQ(commands_of([&] { bookings_of(10); }), rows + 1);  // and the total, where the page is full
  EXPECT_EQ(commands_of([&] { must(data->list_gigs({})); }), joins ? 1u : 2u);
  EXPECT_EQ(commands_of([&] { must(data->list_gigs({.search = "algebra"})); }), joins ? 1u : 2u);
  const auto reviews_of = [&](review_subject of, const id& subject) { must(data->list_reviews({.of = of, .subject_id = subject})); };
  EXPECT_EQ(commands_of([&] { reviews_of(review_subject::gig, algebra.id); }), rows + 1);  // is it there?
  EXPECT_EQ(commands_of([&] { reviews_of(review_subject::teacher, teacher.id); }), rows + 1);
  EXPECT_EQ(commands_of([&] { must(data->list_manual_payments({})); }), 1u);
  EXPECT_EQ(commands_of([&] { must(data->list_trail({})); }), 1u);
  EXPECT_EQ(commands_of([&] { must(data->find_gig(algebra.id)); }), 2u);
  EXPECT_EQ(commands_of([&] { must(data->find_profile(teacher.id)); }), 2u);
  EXPECT_EQ(commands_of([&] { must(data->find_session(student.id)); }), 1u);
}

TEST_F(mongo_commands, writes_take_as_many_as_the_table_of_docs_scaling_says) {
  must(data->append_row({change_kind::gig, algebra.id}));  // the first write of a process tidies
  must(data->claim_identity("a"));                         // a Redis in use, as this process knows
  must(data->read_pass({"a"}));
  const auto admin = a_user("admin@example.com", role::admin);
  booking lesson;
  manual_payment payment;
  std::vector<outbox_row> rows;
  const std::vector<std::tuple<const char*, std::uint64_t, std::function<void()>>> table = {
      {"create_user", 1u, [&] { must(data->create_user(admin)); }},
      {"create_gig", 12u, [&] { must(data->create_gig(a_gig(teacher.id))); }},
      {"update_gig", 14u, [&] { must(data->update_gig(algebra.id, teacher.id, {.title = "Newer"})); }},
      {"create_booking", 14u, [&] { lesson = must(data->create_booking(a_booking(student.id, algebra.id, testing::at(1)))).value.row; }},
      {"accept", 13u, [&] { must(data->change_booking_status(lesson.id, teacher.id, booking_status::accepted)); }},
      {"create_manual_payment", 14u, [&] { payment = must(data->create_manual_payment(a_payment(lesson))).value.row; }},
      {"decide_manual_payment", 16u, [&] { rows = must(data->decide_manual_payment(payment.id, {admin.id})).rows; }},
      {"complete", 12u, [&] { must(data->change_booking_status(lesson.id, teacher.id, booking_status::completed)); }},
      {"create_review", 13u, [&] { must(data->create_review(a_review(lesson, 5))); }},
      {"update_profile, name", 15u, [&] { must(data->update_profile(teacher.id, {.name = "Another"})); }},
      {"end_sessions", 9u, [&] { must(data->end_sessions(student.id)); }},
      {"once, create_booking", 17u, [&] {
         must(data->once({student.id, "POST /api/bookings", "key", "f"}, [&](store& inner) -> result<committed<kept_reply>> {
           return committed<kept_reply>{{201, "{}"}, must(inner.create_booking(a_booking(student.id, algebra.id, testing::at(2)))).rows, {}};
         }));
       }},
      {"places_showing, gig", 4u, [&] { must(data->places_showing({change_kind::gig, algebra.id})); }},
      {"places_showing, name", 6u, [&] { must(data->places_showing({change_kind::user_name, teacher.id})); }},
      {"observe_cache", 4u, [&] { must(data->observe_cache({rows.front().number})); }},
      {"claim_identity", 3u, [&] { must(data->claim_identity("a")); }},
      {"acknowledge_rows", 2u, [&] { must(data->acknowledge_rows("a", {rows.front().number})); }},
      {"read_pass", 4u, [&] { must(data->read_pass({"a"})); }},
      {"put_lease", 1u, [&] { must(data->put_lease({"node", "a", 1, 0})); }},
  };
  for (const auto& [name, wanted, act] : table) EXPECT_EQ(commands_of(act), wanted) << name;
}

// Parallel writers in several processes: each accepts another one of bookings that overlap.
TEST_F(mongo_store_test, overlapping_bookings_accepted_by_several_processes_at_once_one_wins) {
  constexpr int processes = 4, rounds = 5;
  std::vector<id> wanted;
  for (int round = 0; round < rounds; ++round)
    for (int i = 0; i < processes; ++i)
      wanted.push_back(must(data->create_booking(a_booking(student.id, algebra.id, testing::at(round + 1, 10, i)))).value.row.id);
  data.reset();  // nothing of this process's goes into the children
  std::vector<pid_t> children;
  for (int i = 0; i < processes; ++i) {
    const auto child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto own = open();
      int won = 0;
      for (int round = 0; round < rounds; ++round)
        if (own->change_booking_status(wanted[static_cast<std::size_t>(round * processes + i)], teacher.id, booking_status::accepted)) ++won;
      _exit(won);
    }
    children.push_back(child);
  }
  int won = 0;
  for (const auto child : children) {
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    won += WEXITSTATUS(status);
  }
  EXPECT_EQ(won, rounds);
  data = open();
  EXPECT_EQ(must(data->list_bookings({.user_id = student.id, .status = booking_status::accepted})).total, rounds);
}

TEST_F(mongo_store_test, document_of_another_type_is_internal_and_missing_in_lists_alone) {
  mongo::link on(at());
  const auto bad = make_id();
  must(data->create_booking(a_booking(student.id, algebra.id, testing::at(1))));
  on.insert(mongo::bookings_, make("_id", ref(bad), "student", ref(student.id), "teacher", ref(teacher.id), "gig",
                                   ref(algebra.id), "status", "pending", "scheduledAt", "tomorrow", "price", 5));
  const auto list = must(data->list_bookings({.user_id = student.id}));
  EXPECT_EQ(list.rows.size(), 1u);
  EXPECT_EQ(list.total, 2);
  EXPECT_EQ(data->find_booking(bad).error(), errc::internal);
  EXPECT_EQ(data->change_booking_status(bad, teacher.id, booking_status::accepted).error(), errc::internal);
  EXPECT_EQ(on.find_one(mongo::bookings_, make("_id", ref(bad)))->text("scheduledAt"), "tomorrow");
}

TEST_F(mongo_store_test, reference_that_is_none_keeps_nobody_from_writing) {
  mongo::link on(at());
  must(data->create_booking(a_booking(student.id, algebra.id, testing::at(1))));
  for (const auto& bad : {make("student", 5), make("student", "nobody in particular"), make("student", nullptr)}) {
    auto booked = make("teacher", ref(teacher.id), "gig", ref(algebra.id));
    booked.add_all(bad);
    on.insert(mongo::bookings_, booked);
  }
  const auto written = must(data->update_gig(algebra.id, teacher.id, {.title = "Geometry"}));
  EXPECT_EQ(sorted(written.shown_in.booking_lists), sorted({student.id, teacher.id}));
}

TEST_F(mongo_store_test, joined_document_of_another_type_leaves_a_gap) {
  mongo::link on(at());
  must(data->create_booking(a_booking(student.id, algebra.id, testing::at(1))));
  on.update(mongo::gigs, {make("_id", ref(algebra.id)), make("$set", make("price", "a lot"))});
  const auto list = must(data->list_bookings({.user_id = student.id}));
  ASSERT_EQ(list.rows.size(), 1u);
  EXPECT_EQ(list.rows[0].gig_title, "Algebra");
  EXPECT_EQ(list.rows[0].gig_price, money{});
  EXPECT_TRUE(must(data->list_gigs({})).rows.empty());
}

TEST_F(mongo_store_test, write_keeps_what_it_does_not_know) {
  mongo::link on(at());
  on.update(mongo::gigs, {make("_id", ref(algebra.id)), make("$set", make("__v", 7, "images", texts{"a.png"}, "views", 12))});
  must(data->update_gig(algebra.id, teacher.id, {.title = "Geometry"}));
  const auto now = *on.find_one(mongo::gigs, make("_id", ref(algebra.id)));
  EXPECT_EQ(now.text("title"), "Geometry");
  EXPECT_EQ(now.number("__v"), 7);
  EXPECT_EQ(now.texts("images"), texts{"a.png"});
  EXPECT_EQ(now.number("views"), 12);
}

TEST_F(mongo_store_test, references_with_id_in_their_names_are_found_by_looking_at_the_documents) {
  mongo::link on(at());
  const auto other = mongodb_url("reprise_test_" + make_id());
  mongo::cluster there({other});
  mongo::link raw(there);
  const auto one = make_id(), pupil = make_id(), tutor = make_id(), gig_id = make_id();
  raw.insert(mongo::bookings_, make("_id", ref(one), "studentId", ref(pupil), "teacherId", ref(tutor), "gigId", ref(gig_id),
                                    "status", "pending", "scheduledAt", testing::at(3), "price", 500));
  const auto theirs = make_mongo_store({other});
  EXPECT_EQ(must(theirs->list_bookings({.user_id = pupil})).rows.at(0).row.id, one);
  EXPECT_EQ(must(theirs->list_bookings({.user_id = tutor, .as = role::teacher})).total, 1);
  // A collection without documents goes by the others.
  auto mentor = a_user("mentor@example.com", role::teacher);
  must(theirs->create_user(mentor));
  must(theirs->create_gig(a_gig(mentor.id)));
  EXPECT_EQ(raw.find(mongo::gigs, {}).at(0).reference("teacherId"), mentor.id);
  // Some in this way and some in that: only people can say which counts.
  raw.insert(mongo::bookings_, make("student", ref(pupil)));
  try {
    make_mongo_store({other});
    ADD_FAILURE() << "started";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("MONGO_FIELDS"), std::string::npos) << error.what();
  }
  mongo::name_map said;
  said.members["bookings"]["student"] = "studentId";
  EXPECT_NO_THROW(make_mongo_store({other, {}, said}));
  raw.run(make("dropDatabase", 1));
}

TEST_F(mongo_store_test, index_that_an_app_has_made_counts_and_one_over_former_names_is_made_anew) {
  const auto other = mongodb_url("reprise_test_" + make_id());
  mongo::cluster there({other});
  mongo::link raw(there);
  raw.run(make("createIndexes", mongo::users, "indexes",
               std::vector{make("key", make("email", 1), "name", "email_1", "unique", true)}));
  const auto names_of = [&](const char* collection) {
    std::map<std::string, std::string> keys;
    for (const auto& each : raw.run(make("listIndexes", collection)).child("cursor").children("firstBatch")) {
      bson_iter_t first;
      const auto key = each.child("key");
      bson_iter_init(&first, key.get());
      bson_iter_next(&first);
      keys[each.text("name")] = bson_iter_key(&first);
    }
    return keys;
  };
  make_mongo_store({other});
  EXPECT_FALSE(names_of(mongo::users).contains("reprise_email"));
  EXPECT_EQ(names_of(mongo::bookings_).at("reprise_student_created"), "student");
  mongo::name_map renamed;
  renamed.members["bookings"]["student"] = "pupil";
  make_mongo_store({other, {}, renamed});
  EXPECT_EQ(names_of(mongo::bookings_).at("reprise_student_created"), "pupil");
  raw.run(make("dropDatabase", 1));
}

// As Mongoose makes them, with what only this program knows missing.
TEST_F(mongo_store_test, document_with_few_members_is_read_and_written) {
  mongo::link on(at());
  const auto one = make_id();
  on.insert(mongo::bookings_, make("_id", ref(one), "student", ref(student.id), "teacher", ref(teacher.id), "gig",
                                   ref(algebra.id), "status", "pending", "scheduledAt", testing::at(3), "price", 500, "__v", 0));
  const auto found = must(data->find_booking(one)).row;
  EXPECT_EQ(found.duration_minutes, 60);
  EXPECT_EQ(found.payment, payment_status::unpaid);
  EXPECT_EQ(found.price, money{50000});
  const auto made = std::chrono::duration_cast<std::chrono::seconds>(found.created_at.time_since_epoch()).count();
  EXPECT_EQ(made, std::stoll(one.substr(0, 8), nullptr, 16));
  must(data->change_booking_status(one, teacher.id, booking_status::accepted));
  EXPECT_EQ(must(data->find_booking(one)).row.status, booking_status::accepted);
}

TEST(mongo_open, make_mongo_store_says_what_is_wrong_and_no_password) {
  const auto failure_of = [](const std::string& url) -> std::string {
    try {
      make_mongo_store({url});
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  };
  const auto away = failure_of("mongodb://u:hunter2@127.0.0.1:1/bookings?serverSelectionTimeoutMS=300");
  EXPECT_NE(away.find("127.0.0.1:1"), std::string::npos) << away;
  EXPECT_NE(away.find("check the hosts"), std::string::npos) << away;
  EXPECT_EQ(away.find("hunter2"), std::string::npos) << away;
  EXPECT_NE(failure_of("mongodb://127.0.0.1:1/").find("names no database"), std::string::npos);
  EXPECT_NE(failure_of("mongodb://127.0.0.1:1/x?tls=perhaps").find("STORE_URL"), std::string::npos);
}

}  // namespace
}  // namespace bookings::testing

// What is SQLite's own: schema versions, query plans, failures at start, and what a pooled reader may hold.
#include "server/stores/sqlite/gateway_payment_rows.hpp"
#include "server/stores/sqlite/list_queries.hpp"
#include "server/stores/sqlite/reader_pool.hpp"
#include "server/stores/sqlite/schema.hpp"
#include "server/stores/sqlite/showing_queries.hpp"
#include "server/stores/sqlite/sqlite_store.hpp"
#include "tests/support/store_harness.hpp"

#include <boost/system/system_error.hpp>

#include <filesystem>

namespace bookings::testing {
namespace {

using sqlite::access;
using sqlite::connection;

class sqlite_file : public ::testing::Test {
 protected:
  std::string path() const { return directory.path() + "/some/where/bookings.db"; }
  void run(const std::string& sql) { connection(path(), access::read_write, {}).run_script(sql.c_str()); }
  std::string failure_of_opening(const std::string& file) {
    try {
      make_sqlite_store({file});
    } catch (const std::runtime_error& e) {
      return e.what();
    }
    return "opened";
  }
  temporary_directory directory;
};

TEST_F(sqlite_file, make_sqlite_store_missing_directory_creates_a_private_file) {
  ASSERT_TRUE(make_sqlite_store({path()})->check());
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(path()).permissions(), perms::owner_read | perms::owner_write);
}

TEST_F(sqlite_file, make_sqlite_store_newer_schema_is_refused_and_untouched) {
  make_sqlite_store({path()});
  run("PRAGMA user_version = 1000");
  try {
    make_sqlite_store({path()});
    FAIL() << "opened";
  } catch (const boost::system::system_error& e) {
    EXPECT_EQ(e.code(), errc::store_too_new);
    EXPECT_NE(std::string(e.what()).find(path()), std::string::npos);
    EXPECT_NE(std::string(e.what()).find("version 1000"), std::string::npos);
    EXPECT_NE(std::string(e.what()).find("newer program"), std::string::npos);
  }
  run("PRAGMA user_version = " + std::to_string(sqlite::newest_schema()));
  EXPECT_TRUE(make_sqlite_store({path()})->check());
}

TEST_F(sqlite_file, make_sqlite_store_unusable_path_says_what_and_where) {
  EXPECT_NE(failure_of_opening("").find("path is empty"), std::string::npos);
  EXPECT_NE(failure_of_opening(directory.path()).find(directory.path()), std::string::npos);  // a directory
  EXPECT_NE(failure_of_opening("/dev/null/bookings.db").find("STORE_URL"), std::string::npos);
  std::filesystem::create_directories(std::filesystem::path(path()).parent_path());
  FILE* other = std::fopen(path().c_str(), "w");
  std::fputs("this is no database, and it is long enough to be looked at as one by what opens it", other);
  std::fclose(other);
  EXPECT_NE(failure_of_opening(path()).find("not a database"), std::string::npos);
}

TEST_F(sqlite_file, connection_settings_are_durable_and_strict) {
  connection on(directory.path() + "/settings.db", access::read_write, {});
  const auto setting = [&](const char* name) {
    auto query = on.use(std::string("PRAGMA ") + name);
    query.step();
    return query.text(0);
  };
  EXPECT_EQ(setting("journal_mode"), "wal");
  EXPECT_EQ(setting("synchronous"), "2");
  EXPECT_EQ(setting("foreign_keys"), "1");
  EXPECT_EQ(setting("busy_timeout"), "5000");
}

TEST_F(sqlite_file, store_clock_is_the_time_of_day_in_milliseconds) {
  connection on(directory.path() + "/clock.db", access::read_write, {});
  const auto before = now().time_since_epoch().count();
  const auto during = on.now();
  EXPECT_GE(during, before - 1);  // rounded
  EXPECT_LE(during, now().time_since_epoch().count() + 1);
}

TEST_F(sqlite_file, read_pass_text_that_cannot_be_read_comes_as_an_unknown_change) {
  const auto store = make_sqlite_store({path()});
  const auto teacher = a_user("t@example.com", role::teacher);
  must(store->create_user(teacher));
  run("INSERT INTO outbox (what, created_at) VALUES ('of:the:future', 0), ('', 0)");
  const auto written = must(store->create_gig(a_gig(teacher.id))).rows;
  const auto rows = must(store->read_pass({"a", std::chrono::milliseconds{0}, 10})).rows;
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].what, (change{change_kind::unknown, "of:the:future"}));
  EXPECT_EQ(rows[1].what, (change{change_kind::unknown, ""}));
  EXPECT_EQ(rows[2].number, written[0].number);
}

// Whoever deletes: a program of before this rule may go on beside this one.
TEST_F(sqlite_file, newest_outbox_row_stays_whoever_deletes) {
  const auto store = make_sqlite_store({path()});
  run("INSERT INTO outbox (what, created_at) VALUES ('a', 0), ('b', 0), ('c', 0)");
  run("DELETE FROM outbox");
  const auto rows = must(store->read_pass({"a", std::chrono::milliseconds{0}, 10})).rows;
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].number, 3);
}

// Another version's write, repeated through this one: it is no acknowledgement before that row was seen to.
TEST_F(sqlite_file, find_kept_reply_names_rows_that_cannot_be_read) {
  const auto store = make_sqlite_store({path()});
  const auto teacher = a_user("t@example.com", role::teacher);
  must(store->create_user(teacher));
  const repetition_key key{teacher.id, "POST /api/gigs", "once", "fingerprint"};
  const auto done = must(store->once(key, [&](bookings::store& s) -> result<committed<kept_reply>> {
    auto made = s.create_gig(a_gig(teacher.id));
    return committed<kept_reply>{{201, "{}"}, must(std::move(made)).rows, {}};
  }));
  run("UPDATE outbox SET what = 'of:the:future'");
  const auto kept = must(store->find_kept_reply(key));
  ASSERT_EQ(kept.rows.size(), done.rows.size());
  EXPECT_EQ(kept.rows[0].number, done.rows[0].number);
  EXPECT_EQ(kept.rows[0].what.kind, change_kind::unknown);
}

TEST_F(sqlite_file, write_whose_outbox_row_fails_leaves_nothing_behind) {
  const auto store = make_sqlite_store({path()});
  const auto student = a_user("s@example.com"), teacher = a_user("t@example.com", role::teacher);
  for (const auto& each : {student, teacher}) must(store->create_user(each));
  const auto offer = must(store->create_gig(a_gig(teacher.id))).value;
  const auto booked = must(store->create_booking(a_booking(student.id, offer.id, at(1)))).value.row;
  // The second row of each write: the first was written already.
  run("CREATE TRIGGER fails BEFORE INSERT ON outbox WHEN NEW.what LIKE '%" + teacher.id +
      "' BEGIN SELECT RAISE(ABORT, 'no'); END");
  const auto before = must(store->read_pass({"a", std::chrono::milliseconds{0}, 100})).rows.size();

  const auto refused = a_booking(student.id, offer.id, at(2));
  EXPECT_EQ(store->create_booking(refused).error(), errc::internal);
  EXPECT_EQ(store->find_booking(refused.id).error(), errc::not_found);
  EXPECT_EQ(store->change_booking_status(booked.id, teacher.id, booking_status::accepted).error(), errc::internal);
  EXPECT_EQ(must(store->find_booking(booked.id)).row.status, booking_status::pending);
  EXPECT_EQ(must(store->read_pass({"a", std::chrono::milliseconds{0}, 100})).rows.size(), before);

  run("DROP TRIGGER fails");
  EXPECT_TRUE(store->create_booking(refused));  // the writer goes on
}

TEST_F(sqlite_file, write_while_another_process_holds_the_lock_is_unavailable) {
  const auto store = make_sqlite_store({path()});
  connection other(path(), access::read_write, {});
  sqlite::transaction held(other, sqlite::transaction::kind::writing);
  EXPECT_EQ(store->create_user(a_user("a@example.com")).error(), errc::store_unavailable);
  EXPECT_TRUE(store->check());  // readers go on
}

// readers ------------------------------------------------------------------------------------------------------------

TEST_F(sqlite_file, reader_pool_reader_with_a_transaction_open_is_replaced) {
  make_sqlite_store({path()});
  sqlite::reader_pool pool(path(), 1, {});
  {
    auto lent = pool.borrow();
    (*lent).run_script("BEGIN; SELECT * FROM users");
    EXPECT_FALSE((*lent).is_idle());
  }
  run("INSERT INTO cache_epochs VALUES ('gigs', 1)");
  auto lent = pool.borrow();
  EXPECT_TRUE((*lent).is_idle());
  auto query = (*lent).use("SELECT count(*) FROM cache_epochs");
  ASSERT_TRUE(query.step());
  EXPECT_EQ(query.number(0), 1);
}

TEST_F(sqlite_file, statement_left_before_its_end_is_reset) {
  make_sqlite_store({path()});
  run("INSERT INTO cache_epochs VALUES ('gigs', 1), ('bookings', 1)");
  connection on(path(), access::read_only, {});
  {
    auto query = on.use("SELECT prefix FROM cache_epochs");
    ASSERT_TRUE(query.step());
    EXPECT_FALSE(on.is_idle());
  }
  EXPECT_TRUE(on.is_idle());
  EXPECT_THROW(on.run_script("DELETE FROM cache_epochs"), SQLite::Exception);  // a reader cannot write
}

// plans --------------------------------------------------------------------------------------------------------------

class sqlite_plans : public sqlite_file {
 protected:
  void SetUp() override {
    make_sqlite_store({path()});
    on = std::make_unique<connection>(path(), access::read_only, sqlite::store_clock{});
  }
  std::string plan_of(const std::string& sql) {
    auto query = on->use("EXPLAIN QUERY PLAN " + sql);
    std::string plan;
    while (query.step()) plan += query.text(3) + '\n';
    return plan;
  }
  // A page that is not the first finds its keys in an index alone, in order; beyond that it looks at its own rows, which
  // it sorts.
  void expect_finds_keys_in(const std::string& index, const std::string& sql) {
    const auto plan = plan_of(sql);
    EXPECT_NE(plan.find("COVERING INDEX " + index), std::string::npos) << sql << '\n' << plan;
    const auto sort = plan.find("TEMP B-TREE");
    EXPECT_EQ(plan.find("TEMP B-TREE", sort + 1), std::string::npos) << plan;
    EXPECT_EQ(plan.find("SCAN"), std::string::npos) << plan;
  }
  // Every table is searched by an index or a key, and nothing is sorted.
  void expect_searches_only(const std::string& sql) {
    const auto plan = plan_of(sql);
    EXPECT_NE(plan, "") << sql;
    EXPECT_EQ(plan.find("SCAN"), std::string::npos) << sql << '\n' << plan;
    EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << sql << '\n' << plan;
  }
  std::unique_ptr<connection> on;
};

TEST_F(sqlite_plans, list_bookings_every_form_searches_an_index_and_sorts_nothing) {
  for (const auto as : {role::student, role::teacher}) {
    for (const auto& status : {std::optional<booking_status>{}, std::optional{booking_status::pending}}) {
      for (const auto order :
           {booking_order::newest, booking_order::oldest, booking_order::soonest, booking_order::latest}) {
        const auto sql = sqlite::list_bookings_sql({.user_id = "", .as = as, .status = status, .order = order});
        expect_searches_only(sql.first);
        expect_finds_keys_in("bookings_", sql.further);
        expect_searches_only(sql.total);
        EXPECT_NE(plan_of(sql.total).find("COVERING INDEX"), std::string::npos);
      }
    }
  }
}

TEST_F(sqlite_plans, list_gigs_every_form_reads_an_index_in_order) {
  const std::optional<std::string> none, some = "x";
  for (const auto& subject : {none, some}) {
    for (const auto& teacher_id : {none, some}) {
      for (const auto order : {gig_order::newest, gig_order::oldest, gig_order::cheapest, gig_order::dearest}) {
        const auto sql = sqlite::list_gigs_sql({.subject = subject, .teacher_id = teacher_id, .order = order}, 0).first;
        if (subject || teacher_id) expect_searches_only(sql);
        // All gigs in order: a walk along an index, which ends with the page.
        const auto plan = plan_of(sql);
        EXPECT_NE(plan.find("USING INDEX gigs_"), std::string::npos) << plan;
        EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << plan;
      }
    }
  }
}

TEST_F(sqlite_plans, list_reviews_every_form_searches_an_index_and_sorts_nothing) {
  for (const auto of : {review_subject::gig, review_subject::teacher}) {
    for (const auto order : {review_order::newest, review_order::oldest, review_order::worst, review_order::best}) {
      const auto sql = sqlite::list_reviews_sql({.of = of, .order = order});
      expect_searches_only(sql.total);
      expect_searches_only(sql.first);
      expect_finds_keys_in("reviews_", sql.further);
    }
  }
  expect_searches_only("SELECT count(*), coalesce(sum(rating), 0) FROM reviews WHERE teacher_id = ?");
}

TEST_F(sqlite_plans, list_manual_payments_every_form_uses_an_index_and_sorts_nothing) {
  const std::optional<id> none, some = "x";
  for (const auto& student : {none, some}) {
    for (const auto& status : {std::optional<manual_payment_status>{}, std::optional{manual_payment_status::pending}}) {
      const auto sql = sqlite::list_manual_payments_sql({.student_id = student, .status = status}).first;
      if (student || status) expect_searches_only(sql);
      const auto plan = plan_of(sql);
      EXPECT_NE(plan.find("USING INDEX manual_payments_"), std::string::npos) << plan;
      EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << plan;
    }
  }
  expect_searches_only(
      "SELECT 1 FROM manual_payments WHERE method = ? AND transaction_id = ? AND status <> 'rejected'");
}

TEST_F(sqlite_plans, list_gateway_payments_every_form_uses_an_index_and_sorts_nothing) {
  const std::optional<id> none, some = "x";
  for (const auto& student : {none, some}) {
    for (const auto& status : {std::optional<gateway_payment_status>{}, std::optional{gateway_payment_status::held}}) {
      const auto plan = plan_of(sqlite::list_gateway_payments_sql({.student_id = student, .status = status}).first);
      EXPECT_NE(plan.find("USING INDEX gateway_payments_"), std::string::npos) << plan;
      EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << plan;
    }
  }
  const auto due = plan_of(sqlite::select_gateway_payments() + " WHERE due_at <= ? ORDER BY due_at LIMIT ?");
  EXPECT_NE(due.find("SEARCH p USING INDEX gateway_payments_due"), std::string::npos) << due;
  EXPECT_EQ(due.find("TEMP B-TREE"), std::string::npos) << due;
}

// They run under the write lock: each line but those of the union itself is a search of an index that has all it needs.
TEST_F(sqlite_plans, places_showing_are_answered_from_indexes) {
  for (const auto sql : sqlite::showing_queries) {
    const auto plan = plan_of(std::string(sql));
    EXPECT_NE(plan.find("SEARCH"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("SCAN"), std::string::npos) << sql << '\n' << plan;
  }
  for (const auto sql : {sqlite::users_showing_gig, sqlite::users_showing_user, sqlite::review_lists_showing_user}) {
    const auto plan = plan_of(std::string(sql));
    for (auto at = plan.find("SEARCH"); at != std::string::npos; at = plan.find("SEARCH", at + 1)) {
      EXPECT_NE(plan.substr(at, plan.find('\n', at) - at).find("COVERING INDEX"), std::string::npos) << plan;
    }
  }
}

TEST_F(sqlite_plans, list_trail_walks_back_along_its_key) {
  EXPECT_EQ(plan_of(sqlite::list_trail_sql().first), "SCAN trail\n");  // in order, so it ends with the page
}

TEST_F(sqlite_plans, overlap_check_searches_an_index) {
  expect_searches_only(
      "SELECT scheduled_at FROM bookings WHERE teacher_id = ? AND status = 'accepted' AND scheduled_at < ?"
      " ORDER BY scheduled_at DESC, id DESC LIMIT 1");
}

TEST(search_patterns, words_are_split_and_wildcards_escaped) {
  EXPECT_EQ(sqlite::search_patterns("  50% a_b\tc\\d "), (texts{"%50\\%%", "%a\\_b%", "%c\\\\d%"}));
  EXPECT_EQ(sqlite::search_patterns(""), texts{});
  EXPECT_EQ(sqlite::search_patterns("a a a a a a a a a a a a a a a a a a a a").size(), sqlite::most_search_words);
}

}  // namespace
}  // namespace bookings::testing

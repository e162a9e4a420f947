// Stores of every earlier version, with data, brought up to date. The first version's script stands here once more, as
// it was published: a step that somebody edits later would leave stores behind that are neither old nor new.
#include "server/stores/sqlite/schema.hpp"
#include "server/stores/sqlite/sqlite_store.hpp"
#include "tests/support/store_harness.hpp"

#include <boost/system/system_error.hpp>

#include <atomic>
#include <thread>

namespace bookings::testing {
namespace {

using sqlite::access;
using sqlite::connection;

constexpr const char* published_version_1 = R"sql(
CREATE TABLE users (
  id            TEXT PRIMARY KEY NOT NULL,
  email         TEXT NOT NULL UNIQUE,
  name          TEXT NOT NULL,
  role          TEXT NOT NULL CHECK (role IN ('student', 'teacher', 'admin')),
  password_hash TEXT NOT NULL,
  created_at    INTEGER NOT NULL
) STRICT;

-- A deleted gig stays as long as bookings show it, so it is only marked.
CREATE TABLE gigs (
  id          TEXT PRIMARY KEY NOT NULL,
  teacher_id  TEXT NOT NULL REFERENCES users (id),
  title       TEXT NOT NULL,
  subject     TEXT NOT NULL,
  description TEXT NOT NULL,
  price       INTEGER NOT NULL CHECK (price >= 0),
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL,
  deleted_at  INTEGER
) STRICT;
CREATE INDEX gigs_created         ON gigs (created_at, id)             WHERE deleted_at IS NULL;
CREATE INDEX gigs_price           ON gigs (price, id)                  WHERE deleted_at IS NULL;
CREATE INDEX gigs_subject_created ON gigs (subject, created_at, id)    WHERE deleted_at IS NULL;
CREATE INDEX gigs_subject_price   ON gigs (subject, price, id)         WHERE deleted_at IS NULL;
CREATE INDEX gigs_teacher_created ON gigs (teacher_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX gigs_teacher_price   ON gigs (teacher_id, price, id)      WHERE deleted_at IS NULL;

CREATE TABLE bookings (
  id               TEXT PRIMARY KEY NOT NULL,
  student_id       TEXT NOT NULL REFERENCES users (id),
  teacher_id       TEXT NOT NULL REFERENCES users (id),
  gig_id           TEXT NOT NULL REFERENCES gigs (id),
  status           TEXT NOT NULL CHECK (status IN ('pending', 'accepted', 'rejected', 'completed', 'cancelled')),
  payment_status   TEXT NOT NULL CHECK (payment_status IN ('unpaid', 'pending', 'paid', 'refunded')),
  scheduled_at     INTEGER NOT NULL,
  duration_minutes INTEGER NOT NULL CHECK (duration_minutes > 0),
  note             TEXT,
  price            INTEGER NOT NULL CHECK (price >= 0),
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX bookings_student_created          ON bookings (student_id, created_at, id);
CREATE INDEX bookings_student_scheduled        ON bookings (student_id, scheduled_at, id);
CREATE INDEX bookings_student_status_created   ON bookings (student_id, status, created_at, id);
CREATE INDEX bookings_student_status_scheduled ON bookings (student_id, status, scheduled_at, id);
CREATE INDEX bookings_teacher_created          ON bookings (teacher_id, created_at, id);
CREATE INDEX bookings_teacher_scheduled        ON bookings (teacher_id, scheduled_at, id);
CREATE INDEX bookings_teacher_status_created   ON bookings (teacher_id, status, created_at, id);
CREATE INDEX bookings_teacher_status_scheduled ON bookings (teacher_id, status, scheduled_at, id);
CREATE INDEX bookings_gig                      ON bookings (gig_id, student_id, teacher_id);

-- AUTOINCREMENT: a number is never given twice, or an old acknowledgement could stand for a new row.
CREATE TABLE outbox (
  number     INTEGER PRIMARY KEY AUTOINCREMENT,
  what       TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE outbox_acknowledgements (
  number   INTEGER NOT NULL REFERENCES outbox (number) ON DELETE CASCADE,
  identity TEXT NOT NULL,
  PRIMARY KEY (number, identity)
) STRICT, WITHOUT ROWID;

CREATE TABLE cache_identities (
  identity   TEXT PRIMARY KEY NOT NULL,
  nonce      TEXT NOT NULL,
  claimed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE cache_epochs (
  prefix TEXT PRIMARY KEY NOT NULL,
  epoch  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* data_of_version_1 = R"sql(
INSERT INTO users VALUES ('65f000000000000000000001', 's@example.com', 'Rahim', 'student', '$argon2id$s', 1000),
                         ('65f000000000000000000002', 't@example.com', 'Ayesha', 'teacher', '$argon2id$t', 2000);
INSERT INTO gigs VALUES ('65f000000000000000000003', '65f000000000000000000002', 'Algebra', 'Mathematics', 'An hour',
                         80000, 3000, 4000, NULL);
INSERT INTO bookings VALUES ('65f000000000000000000004', '65f000000000000000000001', '65f000000000000000000002',
                             '65f000000000000000000003', 'accepted', 'unpaid', 1900000000000, 90, 'A note',
                             120000, 5000, 6000);
INSERT INTO outbox VALUES (7, 'gig:65f000000000000000000003', 7000);
INSERT INTO outbox_acknowledgements VALUES (7, 'redis/2');
INSERT INTO cache_epochs VALUES ('gigs', 3);
INSERT INTO cache_identities VALUES ('redis/1', 'nonce-1', unixepoch() * 1000),
                                    ('redis/2', 'nonce-2', unixepoch() * 1000);
)sql";

texts schema_of(const std::string& path) {
  connection on(path, access::read_only, {});
  auto query = on.use("SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY type, name");
  texts all;
  while (query.step()) all.push_back(query.text(0));
  return all;
}

class store_of_version : public ::testing::TestWithParam<int> {
 protected:
  temporary_directory directory;
  const std::string path = directory.path() + "/old.db";

  // A store that was made at version 1, used, and last opened at the parameter's version.
  void SetUp() override {
    connection on(path, access::read_write, {});
    on.run_script(published_version_1);
    on.run_script(data_of_version_1);
    on.run_script("PRAGMA user_version = 1");
    sqlite::migrate(on, GetParam());
  }
};
INSTANTIATE_TEST_SUITE_P(each, store_of_version, ::testing::Range(1, sqlite::newest_schema() + 1));

TEST_P(store_of_version, keeps_its_data_and_becomes_what_a_new_store_is) {
  {
    const auto data = make_sqlite_store({path});
    const auto student = must(data->find_user_by_email("s@example.com"));
    EXPECT_EQ(student.name, "Rahim");
    EXPECT_EQ(student.password_hash, "$argon2id$s");
    EXPECT_EQ(student.token_version, 1);
    EXPECT_EQ(student.state, account_state::active);
    EXPECT_FALSE(student.about.bio);
    const auto list = must(data->list_bookings({.user_id = student.id, .status = booking_status::accepted}));
    ASSERT_EQ(list.rows.size(), 1u);
    EXPECT_EQ(list.rows[0].row.note, "A note");
    EXPECT_EQ(list.rows[0].row.price, money{120000});
    EXPECT_EQ(list.rows[0].teacher_name, "Ayesha");
    EXPECT_EQ(must(data->find_gig("65f000000000000000000003")).title, "Algebra");
    // What the cache goes by: a store that is brought up to date is no other store, and stays warm.
    EXPECT_EQ(must(data->claim_identity("redis/1")), "nonce-1");
    EXPECT_EQ(must(data->read_pass({"redis/1"})).epochs.at("gigs"), 3);
    const auto rows = must(data->read_pass({"redis/1", std::chrono::milliseconds{0}, 10})).rows;
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].number, 7);
    EXPECT_TRUE(must(data->read_pass({"redis/2", std::chrono::milliseconds{0}, 10})).rows.empty());
    must(data->create_booking(a_booking(student.id, "65f000000000000000000003", at(1))));
  }
  const auto fresh = directory.path() + "/new.db";
  make_sqlite_store({fresh});
  EXPECT_EQ(schema_of(path), schema_of(fresh));
}

// An acknowledgement that is left of an old number must never stand for a new row.
TEST_P(store_of_version, gives_no_number_twice_where_its_outbox_was_empty) {
  {
    connection on(path, access::read_write, {});
    on.run_script("INSERT INTO outbox (what, created_at) VALUES ('gig:65f000000000000000000003', 8000)");
    on.run_script("DELETE FROM outbox");
  }
  const auto data = make_sqlite_store({path});
  const auto rows = must(data->update_gig("65f000000000000000000003", "65f000000000000000000002", {.title = "New"})).rows;
  EXPECT_GT(rows.at(0).number, 8);
}

TEST_P(store_of_version, opened_by_several_at_once_is_migrated_once) {
  std::atomic<int> opened{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 6; ++i) {
      threads.emplace_back([&] {
        const auto data = make_sqlite_store({path});
        if (data->find_user_by_email("t@example.com")) ++opened;
      });
    }
  }
  EXPECT_EQ(opened, 6);
}

}  // namespace
}  // namespace bookings::testing

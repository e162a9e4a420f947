#include "server/stores/sqlite/schema.hpp"

#include <spdlog/spdlog.h>

#include <array>
#include <string>

namespace bookings::sqlite {
namespace {

// Times are milliseconds of UTC, money is hundredths, ids are 24 hex digits, states are their words.
//
// Each list has one index for each of its orders, with and without its filter; each ends in the id that breaks ties, so
// that a page is read in order from the index and nothing is sorted. Oldest and newest share one, read both ways.
constexpr const char* version_1 = R"sql(
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

// Profiles, reviews, manual payments, the trail.
constexpr const char* version_2 = R"sql(
ALTER TABLE users ADD COLUMN bio      TEXT;
ALTER TABLE users ADD COLUMN phone    TEXT;
ALTER TABLE users ADD COLUMN address  TEXT;
ALTER TABLE users ADD COLUMN city     TEXT;
ALTER TABLE users ADD COLUMN postcode TEXT;
ALTER TABLE users ADD COLUMN country  TEXT;

-- For a change of name: whose lists show it, without a look at each booking.
CREATE INDEX bookings_student_teacher ON bookings (student_id, teacher_id);
CREATE INDEX bookings_teacher_student ON bookings (teacher_id, student_id);

-- Gig and parties are the booking's, kept here for the lists and their indexes.
CREATE TABLE reviews (
  id         TEXT PRIMARY KEY NOT NULL,
  booking_id TEXT NOT NULL UNIQUE REFERENCES bookings (id),
  gig_id     TEXT NOT NULL REFERENCES gigs (id),
  student_id TEXT NOT NULL REFERENCES users (id),
  teacher_id TEXT NOT NULL REFERENCES users (id),
  rating     INTEGER NOT NULL CHECK (rating BETWEEN 1 AND 5),
  comment    TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX reviews_gig_created     ON reviews (gig_id, created_at, id);
CREATE INDEX reviews_gig_rating      ON reviews (gig_id, rating, created_at, id);
CREATE INDEX reviews_teacher_created ON reviews (teacher_id, created_at, id);
CREATE INDEX reviews_teacher_rating  ON reviews (teacher_id, rating, created_at, id);
CREATE INDEX reviews_teacher_gig     ON reviews (teacher_id, gig_id);
CREATE INDEX reviews_student         ON reviews (student_id, gig_id, teacher_id);

CREATE TABLE manual_payments (
  id             TEXT PRIMARY KEY NOT NULL,
  booking_id     TEXT NOT NULL REFERENCES bookings (id),
  student_id     TEXT NOT NULL REFERENCES users (id),
  method         TEXT NOT NULL CHECK (method IN ('bkash', 'nagad', 'rocket', 'bank', 'cash')),
  transaction_id TEXT NOT NULL,
  amount         INTEGER NOT NULL CHECK (amount >= 0),
  status         TEXT NOT NULL CHECK (status IN ('pending', 'verified', 'rejected')),
  created_at     INTEGER NOT NULL,
  decided_by     TEXT,
  decided_at     INTEGER,
  reason         TEXT
) STRICT;
CREATE UNIQUE INDEX manual_payments_one_pending ON manual_payments (booking_id)             WHERE status = 'pending';
CREATE UNIQUE INDEX manual_payments_transaction ON manual_payments (method, transaction_id) WHERE status <> 'rejected';
CREATE INDEX manual_payments_created                ON manual_payments (created_at, id);
CREATE INDEX manual_payments_status_created         ON manual_payments (status, created_at, id);
CREATE INDEX manual_payments_student_created        ON manual_payments (student_id, created_at, id);
CREATE INDEX manual_payments_student_status_created ON manual_payments (student_id, status, created_at, id);

-- Who did what to what. It outlives what it names, so it refers to nothing; its words are the domain's, which may grow.
CREATE TABLE trail (
  number       INTEGER PRIMARY KEY AUTOINCREMENT,
  id           TEXT NOT NULL UNIQUE,
  at           INTEGER NOT NULL,
  actor        TEXT NOT NULL,
  action       TEXT NOT NULL,
  subject_kind TEXT NOT NULL,
  subject_id   TEXT NOT NULL,
  reason       TEXT
) STRICT;
)sql";

// What ends a user's tokens, and which store this is. Tokens of before this version carry no number and are refused, so
// where numbers begin does not matter.
constexpr const char* version_3 = R"sql(
ALTER TABLE users ADD COLUMN token_version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE users ADD COLUMN state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'blocked', 'deleted'));

-- A teacher's gigs, withdrawn ones too: for the export of an account.
CREATE INDEX gigs_teacher ON gigs (teacher_id, created_at, id);

-- A backup gets an identity of its own, with a mark that tells of what it is a copy; the first start on it takes the
-- mark off (server/stores/sqlite/backup.cpp).
CREATE TABLE store_identity (
  only_one  INTEGER PRIMARY KEY NOT NULL CHECK (only_one = 1),
  identity  TEXT NOT NULL,
  backup_of TEXT,
  backup_at INTEGER
) STRICT;
INSERT INTO store_identity (only_one, identity) VALUES (1, lower(hex(randomblob(16))));
)sql";

// What repeated requests are answered: one row for each Idempotency-Key, for a day.
constexpr const char* version_4 = R"sql(
CREATE TABLE kept_replies (
  user_id     TEXT NOT NULL,
  route       TEXT NOT NULL,
  key         TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  status      INTEGER NOT NULL,
  body        TEXT NOT NULL,
  outbox_rows TEXT NOT NULL,  -- numbers, with spaces between them
  created_at  INTEGER NOT NULL,
  UNIQUE (user_id, route, key)
) STRICT;
CREATE INDEX kept_replies_created ON kept_replies (created_at);
)sql";

// Up to which row an identity has acknowledged them all: what is older needs neither a look nor an acknowledgement each.
constexpr const char* version_5 = R"sql(
ALTER TABLE cache_identities ADD COLUMN acknowledged_to INTEGER NOT NULL DEFAULT 0;
)sql";

// Numbers of the outbox without AUTOINCREMENT, whose own page in each write cost half of what the outbox costs. A number
// is still never given twice, or an old acknowledgement could stand for a new row: SQLite gives the greatest plus one,
// and the row with the greatest stays, acknowledged or not. A trigger sees to it, so that processes of the version
// before, which may go on beside this one, obey it too. Where the outbox is empty, a row that changes nothing holds the
// place. Acknowledgements refer to the table, and would go with the old one.
constexpr const char* version_6 = R"sql(
CREATE TABLE outbox_6 (
  number     INTEGER PRIMARY KEY,
  what       TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
INSERT INTO outbox_6 SELECT number, what, created_at FROM outbox;
INSERT OR IGNORE INTO outbox_6 SELECT seq, 'gig:000000000000000000000000', 0 FROM sqlite_sequence WHERE name = 'outbox';
CREATE TABLE kept AS SELECT number, identity FROM outbox_acknowledgements;
DROP TABLE outbox;
ALTER TABLE outbox_6 RENAME TO outbox;
INSERT INTO outbox_acknowledgements SELECT number, identity FROM kept;
DROP TABLE kept;
CREATE TRIGGER outbox_newest_stays BEFORE DELETE ON outbox
WHEN OLD.number = (SELECT max(number) FROM outbox)
BEGIN
  SELECT RAISE(IGNORE);
END;
)sql";

// Payments through the gateway. What is due has an index; what is over has nothing in it.
constexpr const char* version_7 = R"sql(
CREATE TABLE gateway_payments (
  id                  TEXT PRIMARY KEY NOT NULL,
  booking_id          TEXT NOT NULL REFERENCES bookings (id),
  student_id          TEXT NOT NULL REFERENCES users (id),
  amount              INTEGER NOT NULL CHECK (amount >= 0),
  status              TEXT NOT NULL CHECK (status IN ('queued', 'initiated', 'held', 'paid', 'failed', 'cancelled',
                                                      'refunding', 'refunded')),
  owns_booking        INTEGER NOT NULL CHECK (owns_booking IN (0, 1)),
  customer_name       TEXT,  -- NULL, as all that tells of the customer, where nobody needs it any more
  customer_email      TEXT,
  customer_phone      TEXT,
  customer_address    TEXT,
  customer_city       TEXT,
  customer_postcode   TEXT,
  customer_country    TEXT,
  attempts            INTEGER NOT NULL,
  attempt_until       INTEGER,
  gateway_url         TEXT,
  session_key         TEXT,
  taken               INTEGER,
  bank_transaction_id TEXT,
  refunds             INTEGER NOT NULL,
  refunded_from       TEXT,
  refund_reference    TEXT,
  is_refund_unclear   INTEGER NOT NULL CHECK (is_refund_unclear IN (0, 1)),
  reason              TEXT,
  created_at          INTEGER NOT NULL,
  updated_at          INTEGER NOT NULL,
  due_at              INTEGER
) STRICT;
CREATE UNIQUE INDEX gateway_payments_one_owner ON gateway_payments (booking_id) WHERE owns_booking = 1;
CREATE INDEX gateway_payments_due                    ON gateway_payments (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX gateway_payments_created                ON gateway_payments (created_at, id);
CREATE INDEX gateway_payments_status_created         ON gateway_payments (status, created_at, id);
CREATE INDEX gateway_payments_student_created        ON gateway_payments (student_id, created_at, id);
CREATE INDEX gateway_payments_student_status_created ON gateway_payments (student_id, status, created_at, id);
)sql";

// The step at index n leads from version n to n + 1. Published steps are never edited: add one at the end.
constexpr std::array steps = {version_1, version_2, version_3, version_4, version_5, version_6, version_7};

int version_of(connection& on) {
  auto query = on.use("PRAGMA user_version");
  query.step();
  return static_cast<int>(query.number(0));
}

[[noreturn]] void refuse(int version) {
  throw newer_schema("its schema has version " + std::to_string(version) + " and this program knows versions up to " +
                     std::to_string(newest_schema()) +
                     ": start the newer program, or restore a backup of before the upgrade");
}

}  // namespace

int newest_schema() noexcept { return static_cast<int>(steps.size()); }

std::string schema_script(int version) {
  std::string all;
  for (int step = 0; step < version; ++step) all += steps[static_cast<std::size_t>(step)];
  return all;
}

void migrate(connection& on, int wanted) {
  for (;;) {
    // The version is looked at under the write lock: of two processes that start at once, one finds the work done.
    transaction step(on, transaction::kind::writing);
    const int version = version_of(on);
    if (version > newest_schema() || version < 0) refuse(version);
    if (version >= wanted) return;
    on.run_script(steps[static_cast<std::size_t>(version)]);
    // A pragma takes no bound value; this one is our own number.
    on.run_script(("PRAGMA user_version = " + std::to_string(version + 1)).c_str());
    step.commit();
    spdlog::info("[Store] Schema is now at version {}", version + 1);
  }
}

}  // namespace bookings::sqlite

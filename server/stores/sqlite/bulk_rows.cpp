#include "server/stores/sqlite/bulk_rows.hpp"

#include "server/stores/sqlite/gateway_payment_rows.hpp"
#include "server/stores/sqlite/rows.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

#include <stdexcept>

namespace bookings::sqlite {
namespace {

using names = std::vector<std::string>;

// The key's columns come first, where it is not the id also in `columns`.
struct table {
  std::string name;
  names key, columns;
  std::string count, select, add, correct, remove;

  table(std::string name_, names key_, names columns_)
      : name(std::move(name_)), key(std::move(key_)), columns(std::move(columns_)) {
    const auto keys = fmt::format("({})", fmt::join(key, ", "));
    const auto marks = [](std::size_t number) { return fmt::format("({})", fmt::join(names(number, "?"), ", ")); };
    names changes;
    for (const auto& each : columns) changes.push_back(each + " = excluded." + each);
    count = "SELECT count(*) FROM " + name;
    select = fmt::format("SELECT {} FROM {} WHERE {} > {} ORDER BY {} LIMIT ?", fmt::join(columns, ", "), name, keys,
                         marks(key.size()), fmt::join(key, ", "));
    const auto insert = fmt::format("INSERT INTO {} ({}) VALUES {} ON CONFLICT {} DO ", name, fmt::join(columns, ", "),
                                    marks(columns.size()), keys);
    add = insert + "NOTHING";
    correct = insert + "UPDATE SET " + fmt::format("{}", fmt::join(changes, ", "));
    remove = fmt::format("DELETE FROM {} WHERE {} = {}", name, keys, marks(key.size()));
  }
};

const table& table_of(record_kind kind) {
  static const table users("users", {"id"},
                           {"id", "email", "name", "role", "password_hash", "created_at", "bio", "phone", "address", "city",
                            "postcode", "country", "token_version", "state"});
  static const table gigs("gigs", {"id"},
                          {"id", "teacher_id", "title", "subject", "description", "price", "created_at", "updated_at",
                           "deleted_at"});
  static const table bookings("bookings", {"id"},
                              {"id", "student_id", "teacher_id", "gig_id", "status", "payment_status", "scheduled_at",
                               "duration_minutes", "note", "price", "created_at", "updated_at"});
  static const table reviews("reviews", {"id"},
                             {"id", "booking_id", "gig_id", "student_id", "teacher_id", "rating", "comment", "created_at"});
  static const table payments("manual_payments", {"id"},
                              {"id", "booking_id", "student_id", "method", "transaction_id", "amount", "status",
                               "created_at", "decided_by", "decided_at", "reason"});
  static const table gateway_payments("gateway_payments", {"id"}, gateway_payment_columns());
  static const table trail("trail", {"number"},
                           {"id", "at", "actor", "action", "subject_kind", "subject_id", "reason", "number"});
  static const table replies("kept_replies", {"user_id", "route", "key"},
                             {"user_id", "route", "key", "fingerprint", "status", "body", "outbox_rows", "created_at"});
  switch (kind) {
    case record_kind::users: return users;
    case record_kind::gigs: return gigs;
    case record_kind::bookings: return bookings;
    case record_kind::reviews: return reviews;
    case record_kind::manual_payments: return payments;
    case record_kind::gateway_payments: return gateway_payments;
    case record_kind::trail: return trail;
    case record_kind::kept_replies: return replies;
  }
  throw std::logic_error("no such kind of record");
}

void bind_key(statement& to, record_kind kind, const std::string& key) {
  if (kind == record_kind::trail) {
    to.bind(trail_number(key));
  } else if (kind == record_kind::kept_replies) {
    const auto name = parse_reply_key(key);
    to.bind(name.user_id, name.route, name.key);
  } else {
    to.bind(key);
  }
}

record read_record(record_kind kind, const statement& row) {
  const auto of_id = [&](auto read) { return record{row.text(0), std::move(read)}; };
  switch (kind) {
    case record_kind::users: return of_id(read_user(row));
    case record_kind::gigs: {
      gig g{row.text(0), row.text(1), "", row.text(2), row.text(3), row.text(4), row.amount(5), row.time(6), row.time(7)};
      std::optional<time_point> deleted;
      if (row.optional_text(8)) deleted = row.time(8);
      return of_id(stored_gig{std::move(g), deleted});
    }
    case record_kind::bookings: return of_id(read_bare_booking(row));
    case record_kind::reviews: return of_id(read_bare_review(row));
    case record_kind::manual_payments: return of_id(read_bare_manual_payment(row));
    case record_kind::gateway_payments: return of_id(read_gateway_payment(row));
    case record_kind::trail: return {trail_key(row.number(7)), read_trail(row)};
    case record_kind::kept_replies:
      return {reply_key({row.text(0), row.text(1), row.text(2)}),
              stored_reply{row.text(3), static_cast<unsigned>(row.number(4)), row.text(5), row.time(7)}};
  }
  throw std::logic_error("no such kind of record");
}

// Binds a row's columns, in the order of its table's.
struct binding {
  statement& to;
  const std::string& key;

  void operator()(const user& u) const {
    to.bind(u.id, u.email, u.name, to_text(u.role), u.password_hash, u.created_at, u.about.bio, u.about.phone,
            u.about.address, u.about.city, u.about.postcode, u.about.country, u.token_version, to_text(u.state));
  }
  void operator()(const stored_gig& g) const {
    to.bind(g.row.id, g.row.teacher_id, g.row.title, g.row.subject, g.row.description, g.row.price, g.row.created_at,
            g.row.updated_at, g.deleted_at);
  }
  void operator()(const booking& b) const {
    to.bind(b.id, b.student_id, b.teacher_id, b.gig_id, to_text(b.status), to_text(b.payment), b.scheduled_at,
            b.duration_minutes, b.note, b.price, b.created_at, b.updated_at);
  }
  void operator()(const review& r) const {
    to.bind(r.id, r.booking_id, r.gig_id, r.student_id, r.teacher_id, r.rating, r.comment, r.created_at);
  }
  void operator()(const manual_payment& p) const {
    to.bind(p.id, p.booking_id, p.student_id, to_text(p.method), p.transaction_id, p.amount, to_text(p.status),
            p.created_at);
    if (p.decided) to.bind(p.decided->by, p.decided->at, p.decided->reason);  // else NULL, as all that is not bound
  }
  void operator()(const gateway_payment& p) const { bind_gateway_payment(to, p); }
  void operator()(const trail_entry& t) const {
    to.bind(t.id, t.at, t.what.actor, to_text(t.what.action), to_text(t.what.subject), t.what.subject_id, t.what.reason,
            trail_number(key));
  }
  void operator()(const stored_reply& r) const {
    const auto name = parse_reply_key(key);
    to.bind(name.user_id, name.route, name.key, r.fingerprint, r.status, r.body, "", r.at);
  }
};

std::string why(const SQLite::Exception& error) {
  switch (error.getExtendedErrorCode()) {
    case SQLITE_CONSTRAINT_FOREIGNKEY: return "it refers to something that the source does not have";
    case SQLITE_CONSTRAINT_UNIQUE: return std::string("another row has what only one may have (") + error.what() + ")";
    default: return std::string("a rule of the tables stands against it (") + error.what() + ")";
  }
}

}  // namespace

std::int64_t count_records(connection& on, record_kind kind) {
  auto query = on.use(table_of(kind).count);
  query.step();
  return query.number(0);
}

std::vector<record> read_records(connection& on, record_kind kind, const std::string& after, std::size_t limit) {
  std::vector<record> rows;
  auto query = on.use(table_of(kind).select);
  bind_key(query, kind, after);
  query.bind(limit);
  while (query.step()) rows.push_back(read_record(kind, query));
  return rows;
}

void write_records(connection& on, record_kind kind, const std::vector<record>& rows, existing row) {
  const auto& sql = row == existing::stays ? table_of(kind).add : table_of(kind).correct;
  for (const auto& each : rows) {
    try {
      auto write = on.use(sql);
      std::visit(binding{write, each.key}, each.row);
      write.run();
    } catch (const SQLite::Exception& error) {
      if ((error.getErrorCode() & 0xff) != SQLITE_CONSTRAINT) throw;
      throw std::runtime_error(fmt::format("the row \"{}\" of the {} cannot be written: {}. Change it in the source, and run this again",
                                           each.key, to_text(kind), why(error)));
    }
  }
}

void remove_records(connection& on, record_kind kind, const std::vector<std::string>& keys) {
  for (const auto& each : keys) {
    auto write = on.use(table_of(kind).remove);
    bind_key(write, kind, each);
    write.run();
  }
}

}  // namespace bookings::sqlite

// An account as a whole in SQLite: its export, and its end.
#include "server/stores/sqlite/gateway_payment_rows.hpp"
#include "server/stores/sqlite/list_queries.hpp"
#include "server/stores/sqlite/rows.hpp"
#include "server/stores/sqlite/sqlite_calls.hpp"

namespace bookings {

using sqlite::connection;
using sqlite::statement;

namespace {

// All rows of a query with the user as ?1, oldest first.
template <class Row>
std::vector<Row> all(connection& on, std::string_view select, std::string_view where, std::string_view table,
                     const id& user_id, Row (*read)(const statement&)) {
  std::string sql(select);
  sql.append(where).append(" ORDER BY ").append(table).append(".created_at, ").append(table).append(".id");
  auto query = on.use(sql);
  query.bind(user_id);
  std::vector<Row> rows;
  while (query.step()) rows.push_back(read(query));
  return rows;
}

bool finds(connection& on, std::string_view sql, const id& user_id, time_point now) {
  auto query = on.use(sql);
  return query.bind(user_id, now).step();
}

account_ties ties_of(connection& on, const user& account) {
  account_ties ties;
  // By the index of each party's accepted bookings; a lesson that began is to come until it is over.
  for (const auto* sql : {"SELECT 1 FROM bookings WHERE student_id = ?1 AND status = 'accepted'"
                          " AND scheduled_at + duration_minutes * 60000 > ?2 LIMIT 1",
                          "SELECT 1 FROM bookings WHERE teacher_id = ?1 AND status = 'accepted'"
                          " AND scheduled_at + duration_minutes * 60000 > ?2 LIMIT 1"}) {
    if (finds(on, sql, account.id, now())) ties.has_lessons_to_come = true;
  }
  if (account.role == role::admin) {
    auto query = on.use("SELECT 1 FROM users WHERE role = 'admin' AND state = 'active' AND id <> ? LIMIT 1");
    ties.is_last_admin = !query.bind(account.id).step();
  }
  return ties;
}

// What is still to be decided is over. The lists that show it are those that show the name.
void cancel_pending(connection& on, const id& user_id) {
  for (const auto* sql :
       {"UPDATE bookings SET status = 'cancelled', updated_at = ?2 WHERE student_id = ?1 AND status = 'pending'",
        "UPDATE bookings SET status = 'cancelled', updated_at = ?2 WHERE teacher_id = ?1 AND status = 'pending'"}) {
    on.use(sql).bind(user_id, now()).run();
  }
}

// Returns the gigs that were offered until now.
std::vector<change> withdraw_gigs(connection& on, const id& user_id) {
  std::vector<change> changes;
  {
    auto query = on.use("SELECT id FROM gigs WHERE teacher_id = ? AND deleted_at IS NULL");
    query.bind(user_id);
    while (query.step()) changes.push_back({change_kind::gig, query.text(0)});
  }
  on.use("UPDATE gigs SET deleted_at = ?2 WHERE teacher_id = ?1 AND deleted_at IS NULL").bind(user_id, now()).run();
  return changes;
}

void erase_person(connection& on, const id& user_id, const std::string& unusable_hash) {
  on.use("UPDATE users SET name = ?2, email = ?3, password_hash = ?4, state = 'deleted',"
         " token_version = token_version + 1, bio = NULL, phone = NULL, address = NULL, city = NULL, postcode = NULL, country = NULL WHERE id = ?1")
      .bind(user_id, deleted_name, deleted_email(user_id), unusable_hash)
      .run();
  on.use("UPDATE gateway_payments SET customer_name = NULL, customer_email = NULL, customer_phone = NULL,"
         " customer_address = NULL, customer_city = NULL, customer_postcode = NULL, customer_country = NULL WHERE student_id = ?")
      .bind(user_id)
      .run();
  on.use("DELETE FROM kept_replies WHERE user_id = ?").bind(user_id).run();  // they hold what the person was answered
}

}  // namespace

result<account_export> sqlite_store::export_account(const id& user_id) {
  return read("export_account", [&](connection& on) -> result<account_export> {
    auto account = sqlite::look_up_living_user(on, user_id);
    if (!account) return account.error();
    account_export whole;
    whole.account = std::move(*account);
    whole.bookings = all(on, sqlite::select_bookings, " WHERE b.student_id = ?1 OR b.teacher_id = ?1", "b", user_id,
                         sqlite::read_booking);
    whole.gigs = all(on, sqlite::select_gigs, " WHERE g.teacher_id = ?1", "g", user_id, sqlite::read_gig);
    whole.reviews_written =
        all(on, sqlite::select_reviews, " WHERE r.student_id = ?1", "r", user_id, sqlite::read_review);
    whole.reviews_received =
        all(on, sqlite::select_reviews, " WHERE r.teacher_id = ?1", "r", user_id, sqlite::read_review);
    whole.manual_payments =
        all(on, sqlite::select_manual_payments, " WHERE p.student_id = ?1", "p", user_id, sqlite::read_manual_payment);
    whole.payments = all(on, sqlite::select_gateway_payments(), " WHERE p.student_id = ?1", "p", user_id,
                         sqlite::read_gateway_payment);
    return whole;
  });
}

result<committed<session>> sqlite_store::delete_account(const id& user_id, const std::string& unusable_hash,
                                                        std::int64_t if_version) {
  return write("delete_account", [&](connection& on) -> result<committed<session>> {
    const auto account = sqlite::look_up_living_user(on, user_id);
    if (!account) return account.error();
    if (account->token_version != if_version) return errc::unauthorized;
    if (const auto allowed = check_deletion(ties_of(on, *account)); !allowed) return allowed.error();

    // Where the name is shown now: afterwards the gigs among it are gone.
    const change renamed{change_kind::user_name, user_id};
    auto shown_in = sqlite::showing_of(on, renamed);
    cancel_pending(on, user_id);
    auto changes = withdraw_gigs(on, user_id);
    erase_person(on, user_id, unusable_hash);
    changes.push_back(renamed);
    changes.push_back({change_kind::session, user_id});
    const session now{account->token_version + 1, account_state::deleted, account->role};
    return committed<session>{now, sqlite::emit_all(on, changes), std::move(shown_in)};
  });
}

}  // namespace bookings

// Manual payments in SQLite. A payment and its booking's payment status change together, in one transaction.
#include "server/stores/sqlite/list_queries.hpp"
#include "server/stores/sqlite/paging.hpp"
#include "server/stores/sqlite/rows.hpp"
#include "server/stores/sqlite/sqlite_calls.hpp"

namespace bookings {

using sqlite::connection;
using sqlite::statement;

namespace sqlite {

std::vector<outbox_row> set_payment_status(connection& on, const booking& of, payment_status to) {
  on.use("UPDATE bookings SET payment_status = ?, updated_at = ? WHERE id = ?").bind(to_text(to), now(), of.id).run();
  return emit_all(on, changes_of(of));
}

}  // namespace sqlite

namespace {

result<manual_payment_view> find_one(connection& on, const id& payment_id) {
  static const std::string sql = std::string(sqlite::select_manual_payments) + " WHERE p.id = ?";
  auto query = on.use(sql);
  if (!query.bind(payment_id).step()) return errc::not_found;
  return sqlite::read_manual_payment(query);
}

// Under the write lock, so that no other can come in between; an index is unique besides.
bool is_used(connection& on, payment_method method, const std::string& transaction_id) {
  return on.use("SELECT 1 FROM manual_payments WHERE method = ? AND transaction_id = ? AND status <> 'rejected'")
      .bind(to_text(method), transaction_id)
      .step();
}

void insert(connection& on, const manual_payment& p) {
  on.use("INSERT INTO manual_payments (id, booking_id, student_id, method, transaction_id, amount, status, created_at)"
         " VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(p.id, p.booking_id, p.student_id, to_text(p.method), p.transaction_id, p.amount, to_text(p.status),
            p.created_at)
      .run();
}

// After the statement that wrote the payment, in its transaction: its booking follows, and both parties' lists with it.
result<committed<manual_payment_view>> commit_of(connection& on, const id& payment_id, const booking& of) {
  auto view = find_one(on, payment_id);
  if (!view) return view.error();
  auto rows = sqlite::set_payment_status(on, of, payment_after(view->row.status));
  return committed<manual_payment_view>{std::move(*view), std::move(rows), {}};
}

}  // namespace

result<page<manual_payment_view>> sqlite_store::list_manual_payments(const manual_payment_query& query) {
  const auto bind = [&](statement& list) {
    if (query.student_id) list.bind(*query.student_id);
    if (query.status) list.bind(to_text(*query.status));
  };
  return read("list_manual_payments", [&](connection& on) -> result<page<manual_payment_view>> {
    return sqlite::read_page<manual_payment_view>(on, sqlite::list_manual_payments_sql(query), query.page, bind,
                                                  sqlite::read_manual_payment);
  });
}

result<committed<manual_payment_view>> sqlite_store::create_manual_payment(const manual_payment& wanted) {
  return write("create_manual_payment", [&](connection& on) -> result<committed<manual_payment_view>> {
    const auto booked = sqlite::look_up_booking(on, wanted.booking_id);
    if (!booked) return booked.error();
    if (const auto may = check_payable(booked->row, wanted.student_id, wanted.amount); !may) return may.error();
    if (is_used(on, wanted.method, wanted.transaction_id)) return errc::transaction_used;
    insert(on, wanted);
    return commit_of(on, wanted.id, booked->row);
  });
}

result<committed<manual_payment_view>> sqlite_store::decide_manual_payment(const id& payment_id,
                                                                           const manual_payment_decision& decision) {
  return write("decide_manual_payment", [&](connection& on) -> result<committed<manual_payment_view>> {
    const auto found = find_one(on, payment_id);
    if (!found) return found.error();
    const auto booked = sqlite::look_up_booking(on, found->row.booking_id);
    if (!booked) return booked.error();
    if (const auto may = check_decision(found->row, booked->row, decision.wanted); !may) return may.error();
    on.use("UPDATE manual_payments SET status = ?, decided_by = ?, decided_at = ?, reason = ? WHERE id = ?")
        .bind(to_text(decision.wanted), decision.admin, now(), decision.reason, payment_id)
        .run();
    sqlite::note(on, act_of(payment_id, decision));
    return commit_of(on, payment_id, booked->row);
  });
}

}  // namespace bookings

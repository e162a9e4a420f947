// Payments through the gateway in SQLite. A payment, its booking's payment status and the trail change together, in one
// transaction.
#include "server/stores/sqlite/gateway_payment_rows.hpp"
#include "server/stores/sqlite/list_queries.hpp"
#include "server/stores/sqlite/paging.hpp"
#include "server/stores/sqlite/sqlite_calls.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bookings {

using sqlite::connection;
using sqlite::statement;

namespace {

const std::string& insert_or_replace() {
  static const auto sql = [] {
    std::vector<std::string> marks, changes;
    for (const auto& each : sqlite::gateway_payment_columns()) {
      marks.push_back("?");
      changes.push_back(each + " = excluded." + each);
    }
    return fmt::format("INSERT INTO gateway_payments ({}) VALUES ({}) ON CONFLICT (id) DO UPDATE SET {}",
                       fmt::join(sqlite::gateway_payment_columns(), ", "), fmt::join(marks, ", "),
                       fmt::join(changes, ", "));
  }();
  return sql;
}

void put(connection& on, const gateway_payment& what) {
  auto write = on.use(insert_or_replace());
  sqlite::bind_gateway_payment(write, what);
  write.run();
}

result<gateway_payment> look_up(connection& on, const id& payment_id) {
  static const auto sql = sqlite::select_gateway_payments() + " WHERE id = ?";
  auto query = on.use(sql);
  if (!query.bind(payment_id).step()) return errc::not_found;
  return sqlite::read_gateway_payment(query);
}

std::vector<gateway_payment> due(connection& on, time_point when, std::size_t limit) {
  static const auto sql = sqlite::select_gateway_payments() + " WHERE due_at <= ? ORDER BY due_at LIMIT ?";
  std::vector<gateway_payment> found;
  auto query = on.use(sql);
  query.bind(when, limit);
  while (query.step()) found.push_back(sqlite::read_gateway_payment(query));
  return found;
}

}  // namespace

result<committed<gateway_payment>> sqlite_store::create_gateway_payment(const gateway_payment& wanted) {
  return write("create_gateway_payment", [&](connection& on) -> result<committed<gateway_payment>> {
    const auto booked = sqlite::look_up_booking(on, wanted.booking_id);
    if (!booked) return booked.error();
    if (const auto may = check_gateway_payable(booked->row, wanted); !may) return may.error();
    put(on, wanted);
    return committed<gateway_payment>{wanted, sqlite::set_payment_status(on, booked->row, payment_status::pending), {}};
  });
}

result<page<gateway_payment>> sqlite_store::list_gateway_payments(const gateway_payment_query& query) {
  const auto bind = [&](statement& list) {
    if (query.student_id) list.bind(*query.student_id);
    if (query.status) list.bind(to_text(*query.status));
  };
  return read("list_gateway_payments", [&](connection& on) -> result<page<gateway_payment>> {
    return sqlite::read_page<gateway_payment>(on, sqlite::list_gateway_payments_sql(query), query.page, bind,
                                              sqlite::read_gateway_payment);
  });
}

result<gateway_payment> sqlite_store::find_gateway_payment(const id& payment_id) {
  return read("find_gateway_payment", [&](connection& on) { return look_up(on, payment_id); });
}

result<committed<gateway_change>> sqlite_store::change_gateway_payment(const id& payment_id, const gateway_step& step) {
  return write("change_gateway_payment", [&](connection& on) -> result<committed<gateway_change>> {
    const auto found = look_up(on, payment_id);
    if (!found) return found.error();
    const auto booked = sqlite::look_up_booking(on, found->booking_id);
    if (!booked) return booked.error();
    auto to = step(*found, booked->row);
    if (!to) return to.error();
    if (to->payment != *found) put(on, to->payment);
    if (to->act) sqlite::note(on, *to->act);
    std::vector<outbox_row> rows;
    if (to->booking) rows = sqlite::set_payment_status(on, booked->row, *to->booking);
    return committed<gateway_change>{std::move(*to), std::move(rows), {}};
  });
}

result<std::vector<gateway_payment>> sqlite_store::claim_due_payments(time_point when, time_point until,
                                                                      std::size_t limit) {
  // Nearly always there is nothing, and nobody is to wait for the write lock for that.
  const auto seen = read("claim_due_payments",
                         [&](connection& on) -> result<std::vector<gateway_payment>> { return due(on, when, 1); });
  if (!seen || seen->empty()) return seen;
  return write("claim_due_payments", [&](connection& on) -> result<std::vector<gateway_payment>> {
    auto found = due(on, when, limit);
    for (auto& each : found) {
      each.due_at = until;
      on.use("UPDATE gateway_payments SET due_at = ? WHERE id = ?").bind(until, each.id).run();
    }
    return found;
  });
}

}  // namespace bookings

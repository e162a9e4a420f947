#include "server/stores/sqlite/gateway_payment_rows.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

namespace bookings::sqlite {
namespace {

gateway_payment_status status_of(const std::string& text) {
  const auto parsed = parse_gateway_payment_status(text);
  if (!parsed) throw std::runtime_error("the table holds an unknown word: " + text);
  return *parsed;
}

std::optional<time_point> optional_time(const statement& row, int column) {
  if (row.is_null(column)) return {};
  return row.time(column);
}

}  // namespace

const std::vector<std::string>& gateway_payment_columns() {
  static const std::vector<std::string> all = {"id",
                                               "booking_id",
                                               "student_id",
                                               "amount",
                                               "status",
                                               "owns_booking",
                                               "customer_name",
                                               "customer_email",
                                               "customer_phone",
                                               "customer_address",
                                               "customer_city",
                                               "customer_postcode",
                                               "customer_country",
                                               "attempts",
                                               "attempt_until",
                                               "gateway_url",
                                               "session_key",
                                               "taken",
                                               "bank_transaction_id",
                                               "refunds",
                                               "refunded_from",
                                               "refund_reference",
                                               "is_refund_unclear",
                                               "reason",
                                               "created_at",
                                               "updated_at",
                                               "due_at"};
  return all;
}

const std::string& select_gateway_payments() {
  static const auto sql =
      fmt::format("SELECT p.{} FROM gateway_payments p", fmt::join(gateway_payment_columns(), ", p."));
  return sql;
}

gateway_payment read_gateway_payment(const statement& row) {
  gateway_payment p;
  p.id = row.text(0);
  p.booking_id = row.text(1);
  p.student_id = row.text(2);
  p.amount = row.amount(3);
  p.status = status_of(row.text(4));
  p.owns_booking = row.number(5) != 0;
  if (!row.is_null(6))
    p.customer = {row.text(6), row.text(7), row.text(8), row.text(9), row.text(10), row.text(11), row.text(12)};
  p.attempts = static_cast<int>(row.number(13));
  p.attempt_until = optional_time(row, 14);
  p.gateway_url = row.optional_text(15);
  p.session_key = row.optional_text(16);
  if (!row.is_null(17)) p.taken = row.amount(17);
  p.bank_transaction_id = row.optional_text(18);
  p.refunds = static_cast<int>(row.number(19));
  if (!row.is_null(20)) p.refunded_from = status_of(row.text(20));
  p.refund_reference = row.optional_text(21);
  p.is_refund_unclear = row.number(22) != 0;
  p.reason = row.optional_text(23);
  p.created_at = row.time(24);
  p.updated_at = row.time(25);
  p.due_at = optional_time(row, 26);
  return p;
}

void bind_gateway_payment(statement& to, const gateway_payment& p) {
  to.bind(p.id, p.booking_id, p.student_id, p.amount, to_text(p.status), p.owns_booking);
  const std::optional<std::string> none;
  if (p.customer)
    to.bind(p.customer->name, p.customer->email, p.customer->phone, p.customer->address, p.customer->city,
            p.customer->postcode, p.customer->country);
  else
    to.bind(none, none, none, none, none, none, none);
  std::optional<std::string_view> from;
  if (p.refunded_from) from = to_text(*p.refunded_from);
  to.bind(p.attempts, p.attempt_until, p.gateway_url, p.session_key, p.taken, p.bank_transaction_id, p.refunds, from,
          p.refund_reference, p.is_refund_unclear, p.reason, p.created_at, p.updated_at, p.due_at);
}

}  // namespace bookings::sqlite

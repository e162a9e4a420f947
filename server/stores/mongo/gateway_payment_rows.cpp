#include "server/stores/mongo/gateway_payment_rows.hpp"

namespace bookings::mongo {
namespace {

gateway_payment_status status_of(const document& from, const char* name) {
  const auto text = from.text(name);
  const auto parsed = parse_gateway_payment_status(text);
  if (!parsed) from.refuse(name, "is the unknown word \"" + text + "\"");
  return *parsed;
}

std::optional<time_point> optional_time(const document& from, const char* name) {
  if (!from.has(name)) return {};
  return from.time(name);
}

gateway_customer read_customer(const document& from) {
  return {from.text("name"), from.text("email"),    from.text("phone"),  from.text("address"),
          from.text("city"), from.text("postcode"), from.text("country")};
}

document to_document(const gateway_customer& c) {
  return make("name", c.name, "email", c.email, "phone", c.phone, "address", c.address, "city", c.city, "postcode",
              c.postcode, "country", c.country);
}

}  // namespace

gateway_payment read_gateway_payment(const document& from) {
  gateway_payment p;
  p.id = from.reference("_id");
  p.booking_id = from.reference("booking");
  p.student_id = from.reference("student");
  p.amount = from.amount("amount");
  p.status = status_of(from, "status");
  p.owns_booking = from.flag("ownsBooking");
  if (from.has("customer")) p.customer = read_customer(from.child("customer"));
  p.attempts = static_cast<int>(from.number("attempts"));
  p.attempt_until = optional_time(from, "attemptUntil");
  p.gateway_url = from.optional_text("gatewayUrl");
  p.session_key = from.optional_text("sessionKey");
  if (from.has("taken")) p.taken = from.amount("taken");
  p.bank_transaction_id = from.optional_text("bankTransactionId");
  p.refunds = static_cast<int>(from.number("refunds"));
  if (from.has("refundedFrom")) p.refunded_from = status_of(from, "refundedFrom");
  p.refund_reference = from.optional_text("refundReference");
  p.is_refund_unclear = from.flag("isRefundUnclear");
  p.reason = from.optional_text("reason");
  p.created_at = from.time("createdAt");
  p.updated_at = from.time("updatedAt");
  p.due_at = optional_time(from, "dueAt");
  return p;
}

document members_of(const gateway_payment& p) {
  std::optional<document> customer;
  if (p.customer) customer = to_document(*p.customer);
  std::optional<std::string_view> from;
  if (p.refunded_from) from = to_text(*p.refunded_from);
  return make("booking", ref(p.booking_id), "student", ref(p.student_id), "amount", p.amount, "status",
              to_text(p.status), "ownsBooking", p.owns_booking, "customer", customer, "attempts", p.attempts,
              "attemptUntil", p.attempt_until, "gatewayUrl", p.gateway_url, "sessionKey", p.session_key, "taken",
              p.taken, "bankTransactionId", p.bank_transaction_id, "refunds", p.refunds, "refundedFrom", from,
              "refundReference", p.refund_reference, "isRefundUnclear", p.is_refund_unclear, "reason", p.reason,
              "createdAt", p.created_at, "updatedAt", p.updated_at, "dueAt", p.due_at);
}

}  // namespace bookings::mongo

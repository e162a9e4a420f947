#include "server/domain/gateway_transaction.hpp"

#include <algorithm>

namespace bookings {
namespace {

constexpr gateway_status all_statuses[] = {
    gateway_status::valid,     gateway_status::validated,   gateway_status::pending, gateway_status::failed,
    gateway_status::cancelled, gateway_status::unattempted, gateway_status::expired, gateway_status::invalid};
constexpr gateway_refund_status all_refund_statuses[] = {
    gateway_refund_status::success, gateway_refund_status::processing, gateway_refund_status::failed,
    gateway_refund_status::refunded, gateway_refund_status::cancelled};

char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_in_any_case(std::string_view text, std::string_view lower) noexcept {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char given, char wanted) { return to_lower(given) == wanted; });
}

bool is_paid(gateway_status value) noexcept {
  return value == gateway_status::valid || value == gateway_status::validated;
}

settlement mismatch(settlement_field field) noexcept { return {settlement_outcome::mismatch, field}; }

// Money was taken: is it ours, and all of it? What the customer was asked for may be missing from an answer; where it
// is there it has to agree.
settlement judge_paid(const gateway_transaction& said, const gateway_expectation& expected) {
  if (said.currency != expected.currency) return mismatch(settlement_field::currency_code);
  if (!said.customer_currency.empty() && said.customer_currency != expected.currency)
    return mismatch(settlement_field::currency_code);
  if (said.amount != expected.amount) return mismatch(settlement_field::amount);
  if (said.customer_amount && said.customer_amount != expected.amount) return mismatch(settlement_field::amount);
  return {said.risk_level == "0" ? settlement_outcome::paid : settlement_outcome::held};
}

// How much an attempt says of whether the whole was paid.
int weight_of(const gateway_transaction& attempt) noexcept {
  if (is_paid(attempt.status)) return 2;
  const bool is_open = attempt.status == gateway_status::pending || attempt.status == gateway_status::unattempted ||
                       attempt.status == gateway_status::unknown;
  return is_open ? 1 : 0;
}

}  // namespace

std::string_view to_text(gateway_status value) noexcept {
  switch (value) {
    case gateway_status::valid:
      return "valid";
    case gateway_status::validated:
      return "validated";
    case gateway_status::pending:
      return "pending";
    case gateway_status::failed:
      return "failed";
    case gateway_status::cancelled:
      return "cancelled";
    case gateway_status::unattempted:
      return "unattempted";
    case gateway_status::expired:
      return "expired";
    case gateway_status::invalid:
      return "invalid_transaction";
    case gateway_status::unknown:
      return "unknown";
  }
  return "";
}

gateway_status parse_gateway_status(std::string_view text) noexcept {
  for (const auto value : all_statuses) {
    if (equal_in_any_case(text, to_text(value))) return value;
  }
  return gateway_status::unknown;
}

std::string_view to_text(settlement_outcome value) noexcept {
  switch (value) {
    case settlement_outcome::paid:
      return "paid";
    case settlement_outcome::held:
      return "held";
    case settlement_outcome::failed:
      return "failed";
    case settlement_outcome::cancelled:
      return "cancelled";
    case settlement_outcome::not_yet:
      return "not yet";
    case settlement_outcome::mismatch:
      return "mismatch";
  }
  return "";
}

std::string_view to_text(settlement_field value) noexcept {
  switch (value) {
    case settlement_field::none:
      return "none";
    case settlement_field::transaction_id:
      return "transaction id";
    case settlement_field::amount:
      return "amount";
    case settlement_field::currency_code:
      return "currency";
  }
  return "";
}

settlement judge(const gateway_transaction& said, const gateway_expectation& expected) {
  // Of what it does not know, the gateway repeats no id.
  if (said.status == gateway_status::invalid && said.transaction_id.empty()) return {settlement_outcome::not_yet};
  if (said.transaction_id != expected.transaction_id) return mismatch(settlement_field::transaction_id);
  switch (said.status) {
    case gateway_status::valid:
    case gateway_status::validated:
      return judge_paid(said, expected);
    case gateway_status::failed:
    case gateway_status::expired:
      return {settlement_outcome::failed};
    case gateway_status::cancelled:
      return {settlement_outcome::cancelled};
    case gateway_status::pending:
    case gateway_status::unattempted:
    case gateway_status::invalid:
    case gateway_status::unknown:
      return {settlement_outcome::not_yet};
  }
  return {settlement_outcome::not_yet};
}

const gateway_transaction& deciding_attempt(const std::vector<gateway_transaction>& attempts) noexcept {
  const gateway_transaction* best = &attempts.front();
  for (const auto& each : attempts) {
    const int weight = weight_of(each), best_weight = weight_of(*best);
    if (weight > best_weight || (weight == best_weight && weight < 2)) best = &each;
  }
  return *best;
}

result<void> check_gateway_amount(money amount) noexcept {
  if (amount < least_gateway_amount || amount > most_gateway_amount) return errc::unprocessable;
  return {};
}

std::string_view to_text(gateway_refund_status value) noexcept {
  switch (value) {
    case gateway_refund_status::success:
      return "success";
    case gateway_refund_status::processing:
      return "processing";
    case gateway_refund_status::failed:
      return "failed";
    case gateway_refund_status::refunded:
      return "refunded";
    case gateway_refund_status::cancelled:
      return "cancelled";
    case gateway_refund_status::unknown:
      return "unknown";
  }
  return "";
}

gateway_refund_status parse_gateway_refund_status(std::string_view text) noexcept {
  for (const auto value : all_refund_statuses) {
    if (equal_in_any_case(text, to_text(value))) return value;
  }
  return gateway_refund_status::unknown;
}

refund_outcome judge(const gateway_refund& said) noexcept {
  switch (said.status) {
    case gateway_refund_status::refunded:
      return refund_outcome::refunded;
    case gateway_refund_status::success:
    case gateway_refund_status::processing:
      return refund_outcome::under_way;
    case gateway_refund_status::failed:
    case gateway_refund_status::cancelled:
      return refund_outcome::refused;
    case gateway_refund_status::unknown:
      return refund_outcome::unclear;
  }
  return refund_outcome::unclear;
}

}  // namespace bookings

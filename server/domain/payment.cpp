#include "server/domain/payment.hpp"

#include <algorithm>

namespace bookings {
namespace {

constexpr payment_method all_methods[] = {payment_method::bkash, payment_method::nagad, payment_method::rocket,
                                          payment_method::bank, payment_method::cash};
constexpr manual_payment_status all_statuses[] = {manual_payment_status::pending, manual_payment_status::verified,
                                                  manual_payment_status::rejected};
constexpr std::size_t shortest_transaction_id = 4, longest_transaction_id = 64;

char to_upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool is_transaction_character(char upper) noexcept {
  return (upper >= 'A' && upper <= 'Z') || (upper >= '0' && upper <= '9') ||
         std::string_view("-_./").find(upper) != std::string_view::npos;
}

}  // namespace

std::string_view to_text(payment_method value) noexcept {
  switch (value) {
    case payment_method::bkash: return "bkash";
    case payment_method::nagad: return "nagad";
    case payment_method::rocket: return "rocket";
    case payment_method::bank: return "bank";
    case payment_method::cash: return "cash";
  }
  return "";
}

std::optional<payment_method> parse_payment_method(std::string_view text) noexcept {
  for (const auto value : all_methods) {
    if (text == to_text(value)) return value;
  }
  return {};
}

std::string_view to_text(manual_payment_status value) noexcept {
  switch (value) {
    case manual_payment_status::pending: return "pending";
    case manual_payment_status::verified: return "verified";
    case manual_payment_status::rejected: return "rejected";
  }
  return "";
}

std::optional<manual_payment_status> parse_manual_payment_status(std::string_view text) noexcept {
  for (const auto value : all_statuses) {
    if (text == to_text(value)) return value;
  }
  return {};
}

std::optional<std::string> normalize_transaction_id(std::string_view text) {
  if (text.size() < shortest_transaction_id || text.size() > longest_transaction_id) return {};
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(), to_upper);
  if (!std::all_of(upper.begin(), upper.end(), is_transaction_character)) return {};
  return upper;
}

result<void> check_payable(const booking& what, const bookings::id& who, money amount) {
  if (who != what.student_id) return errc::not_found;
  if (what.status != booking_status::accepted || what.payment != payment_status::unpaid) return errc::wrong_state;
  if (amount != what.price) return errc::unprocessable;
  return {};
}

result<void> check_decision(const manual_payment& what, const booking& of, manual_payment_status wanted) {
  if (what.status != manual_payment_status::pending || wanted == manual_payment_status::pending)
    return errc::wrong_state;
  const bool takes_money = of.status == booking_status::accepted || of.status == booking_status::completed;
  if (wanted == manual_payment_status::verified && !takes_money) return errc::wrong_state;
  return {};
}

act act_of(const bookings::id& payment_id, const manual_payment_decision& decision) {
  const bool verified = decision.wanted == manual_payment_status::verified;
  return {decision.admin, verified ? trail_action::verify_payment : trail_action::reject_payment,
          trail_subject::manual_payment, payment_id, decision.reason};
}

payment_status payment_after(manual_payment_status value) noexcept {
  switch (value) {
    case manual_payment_status::pending: return payment_status::pending;
    case manual_payment_status::verified: return payment_status::paid;
    case manual_payment_status::rejected: return payment_status::unpaid;
  }
  return payment_status::unpaid;
}

}  // namespace bookings

#include "server/domain/gateway_payment.hpp"

#include "server/domain/payment.hpp"

#include <charconv>

namespace bookings {
namespace {

using status = gateway_payment_status;

constexpr status all_statuses[] = {status::queued, status::initiated, status::held,      status::paid,
                                   status::failed, status::cancelled, status::refunding, status::refunded};
constexpr std::size_t id_length = 24;

// Of an attempt that has begun and whose answer is awaited: has another begun since, or is it past that?
result<void> check_attempt(const gateway_payment& what, int attempt) {
  if (what.status != status::queued || what.attempts != attempt) return errc::wrong_state;
  return {};
}

// Before any money came: the payment is over, and the booking is free for another.
gateway_change ended(const gateway_payment& what, status as, std::string reason, time_point now) {
  gateway_change to{what, payment_status::unpaid};
  to.payment.status = as;
  to.payment.owns_booking = false;
  to.payment.customer.reset();
  to.payment.attempt_until.reset();
  to.payment.due_at.reset();
  to.payment.reason = std::move(reason);
  to.payment.updated_at = now;
  return to;
}

bool takes_money(const booking& of) noexcept {
  return of.status == booking_status::accepted || of.status == booking_status::completed;
}

// May the payment's money count for its booking?
bool can_pay(const gateway_payment& what, const booking& of) noexcept {
  return takes_money(of) && (what.owns_booking || of.payment == payment_status::unpaid);
}

// Money came: paid or held, with what it takes to send it back.
gateway_change taken(const gateway_payment& what, status as, const gateway_transaction& said, time_point now) {
  gateway_change to{what};
  to.payment.status = as;
  to.payment.customer.reset();
  to.payment.attempt_until.reset();
  to.payment.due_at.reset();
  to.payment.reason.reset();
  to.payment.taken = said.amount;
  to.payment.bank_transaction_id = said.bank_transaction_id;
  to.payment.updated_at = now;
  return to;
}

gateway_change held(const gateway_payment& what, std::string why, const gateway_transaction& said, time_point now) {
  auto to = taken(what, status::held, said, now);
  to.payment.reason = std::move(why);
  return to;
}

gateway_change paid(const gateway_payment& what, const booking& of, const gateway_transaction& said, time_point now) {
  if (!can_pay(what, of)) {
    auto to = held(what, takes_money(of) ? "the booking was paid otherwise meanwhile" : "the booking was called off",
                   said, now);
    to.is_second_settlement = takes_money(of);
    return to;
  }
  auto to = taken(what, status::paid, said, now);
  to.payment.owns_booking = true;
  to.booking = payment_status::paid;
  return to;
}

std::string why_held(const settlement& verdict, const gateway_transaction& said) {
  if (verdict.outcome == settlement_outcome::mismatch)
    return "the gateway took another " + std::string(to_text(verdict.mismatch)) + " than was asked for";
  return said.risk_title.empty() ? "the gateway sees a risk" : "the gateway sees a risk: " + said.risk_title;
}

bool is_money(const gateway_transaction& said) noexcept {
  return said.status == gateway_status::valid || said.status == gateway_status::validated;
}

// Of a payment that has its money: is this other money?
bool is_other_money(const gateway_payment& what, const gateway_transaction& said) noexcept {
  return is_money(said) && what.bank_transaction_id != said.bank_transaction_id;
}

// The refund is over without a refund.
gateway_change not_refunded(const gateway_payment& what, std::string reason, time_point now) {
  gateway_change to{what};
  to.payment.status = what.refunded_from.value_or(status::paid);
  to.payment.due_at.reset();
  to.payment.refund_reference.reset();
  to.payment.reason = std::move(reason);
  to.payment.updated_at = now;
  return to;
}

}  // namespace

std::string_view to_text(gateway_payment_status value) noexcept {
  switch (value) {
    case status::queued:
      return "queued";
    case status::initiated:
      return "initiated";
    case status::held:
      return "held";
    case status::paid:
      return "paid";
    case status::failed:
      return "failed";
    case status::cancelled:
      return "cancelled";
    case status::refunding:
      return "refunding";
    case status::refunded:
      return "refunded";
  }
  return "";
}

std::optional<gateway_payment_status> parse_gateway_payment_status(std::string_view text) noexcept {
  for (const auto value : all_statuses) {
    if (text == to_text(value)) return value;
  }
  return {};
}

std::string transaction_id_of(const gateway_payment& what) { return what.id + "-" + std::to_string(what.attempts); }

std::string refund_id_of(const gateway_payment& what) { return what.id + "R" + std::to_string(what.refunds); }

std::optional<bookings::id> payment_of_transaction(std::string_view transaction_id) {
  if (transaction_id.size() < id_length + 2 || transaction_id[id_length] != '-') return {};
  const auto payment_id = transaction_id.substr(0, id_length);
  if (!is_valid_id(payment_id)) return {};
  const auto digits = transaction_id.substr(id_length + 1);
  int attempt = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), attempt);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || attempt < 1 || attempt > most_attempts ||
      digits.front() == '0')
    return {};
  return bookings::id(payment_id);
}

gateway_expectation expectation_of(const gateway_payment& what, std::string_view transaction_id) {
  return {std::string(transaction_id), what.amount};
}

result<void> check_gateway_payable(const booking& what, const gateway_payment& wanted) {
  if (const auto may = check_payable(what, wanted.student_id, wanted.amount); !may) return may;
  return check_gateway_amount(wanted.amount);
}

result<gateway_change> begin_attempt(const gateway_payment& what, time_point now, const gateway_times& times) {
  if (what.status != status::queued) return errc::wrong_state;
  if (what.attempt_until && *what.attempt_until > now) return errc::in_progress;
  if (!what.customer) return ended(what, status::failed, "the account was deleted", now);
  if (what.attempts >= most_attempts) return ended(what, status::failed, "the gateway could not be reached", now);
  gateway_change to{what};
  ++to.payment.attempts;
  to.payment.attempt_until = now + times.attempt;
  to.payment.due_at = now + times.attempt;
  to.payment.updated_at = now;
  return to;
}

result<gateway_change> note_session(const gateway_payment& what, int attempt, const std::string& url,
                                    const std::string& session_key, time_point now, const gateway_times& times) {
  if (const auto is = check_attempt(what, attempt); !is) return is.error();
  gateway_change to{what};
  to.payment.status = status::initiated;
  to.payment.customer.reset();
  to.payment.attempt_until.reset();
  to.payment.gateway_url = url;
  to.payment.session_key = session_key;
  to.payment.due_at = now + times.look;
  to.payment.updated_at = now;
  return to;
}

result<gateway_change> note_unreached(const gateway_payment& what, int attempt, time_point again_at, time_point now,
                                      const gateway_times& times) {
  if (const auto is = check_attempt(what, attempt); !is) return is.error();
  if (now - what.created_at >= times.give_up)
    return ended(what, status::failed, "the gateway could not be reached", now);
  gateway_change to{what};
  to.payment.attempt_until.reset();
  to.payment.due_at = again_at;
  return to;
}

result<gateway_change> note_declined(const gateway_payment& what, int attempt, const std::string& reason,
                                     time_point now) {
  if (const auto is = check_attempt(what, attempt); !is) return is.error();
  return ended(what, status::failed, reason, now);
}

result<gateway_change> note_transaction(const gateway_payment& what, const booking& of, const gateway_transaction& said,
                                        const gateway_expectation& expected, time_point now,
                                        const gateway_times& times) {
  const auto verdict = judge(said, expected);
  if (verdict.mismatch == settlement_field::transaction_id) return errc::unprocessable;
  const bool awaits_money = what.status == status::queued || what.status == status::initiated;
  const bool gave_up = what.status == status::failed || what.status == status::cancelled;
  if (!awaits_money && !gave_up) return gateway_change{what, {}, {}, is_other_money(what, said)};
  if (verdict.outcome == settlement_outcome::paid) return paid(what, of, said, now);
  if (verdict.outcome == settlement_outcome::held || verdict.outcome == settlement_outcome::mismatch)
    return held(what, why_held(verdict, said), said, now);
  // Money counts whichever attempt it came by. That none came ends only the attempt that it is said of.
  if (gave_up || expected.transaction_id != transaction_id_of(what)) return gateway_change{what};
  if (verdict.outcome == settlement_outcome::failed)
    return ended(what, status::failed, "the payment failed at the gateway", now);
  if (verdict.outcome == settlement_outcome::cancelled)
    return ended(what, status::cancelled, "the payment was called off", now);
  if (what.status != status::initiated) return gateway_change{what};
  // The gateway calls a page that nobody has paid on pending too. Money that comes after all still counts.
  return note_no_transaction(what, now, times);
}

result<gateway_change> note_no_transaction(const gateway_payment& what, time_point now, const gateway_times& times) {
  if (what.status != status::initiated) return errc::wrong_state;
  if (now - what.updated_at >= times.page) return ended(what, status::failed, "it was not paid in time", now);
  gateway_change to{what};
  to.payment.due_at = now + times.look;
  return to;
}

result<gateway_change> release(const gateway_payment& what, const booking& of, const bookings::id& admin,
                               const std::optional<std::string>& reason, time_point now) {
  if (what.status != status::held || !can_pay(what, of)) return errc::wrong_state;
  gateway_change to{what, payment_status::paid,
                    bookings::act{admin, trail_action::release, trail_subject::payment, what.id, reason}};
  to.payment.status = status::paid;
  to.payment.owns_booking = true;
  to.payment.reason.reset();
  to.payment.updated_at = now;
  return to;
}

result<gateway_change> begin_refund(const gateway_payment& what, const bookings::id& admin,
                                    const std::optional<std::string>& reason, time_point now) {
  gateway_change to{what, {}, bookings::act{admin, trail_action::refund, trail_subject::payment, what.id, reason}};
  const bool asks_again = what.status == status::refunding && what.is_refund_unclear && !what.due_at;
  if (!asks_again) {
    if (what.status != status::paid && what.status != status::held) return errc::wrong_state;
    ++to.payment.refunds;
    to.payment.refunded_from = what.status;
    to.payment.refund_reference.reset();
    to.payment.is_refund_unclear = false;
  }
  to.payment.status = status::refunding;
  to.payment.reason.reset();
  to.payment.due_at = now + handed_out_for;
  to.payment.updated_at = now;
  return to;
}

result<gateway_change> note_refund(const gateway_payment& what, const gateway_refund& said, time_point now,
                                   const gateway_times& times) {
  if (what.status != status::refunding) return errc::wrong_state;
  gateway_change to{what};
  if (!said.reference.empty()) to.payment.refund_reference = said.reference;
  switch (judge(said)) {
    case refund_outcome::refunded:
      to.payment.status = status::refunded;
      to.payment.due_at.reset();
      to.payment.reason.reset();
      to.payment.updated_at = now;
      // A held one never counted for its booking, which can still be paid.
      if (what.owns_booking)
        to.booking = what.refunded_from == status::held ? payment_status::unpaid : payment_status::refunded;
      to.payment.owns_booking = what.owns_booking && what.refunded_from != status::held;
      return to;
    case refund_outcome::under_way:
      to.payment.is_refund_unclear = false;
      to.payment.due_at = now + times.refund_look;
      return to;
    case refund_outcome::refused:
      if (!what.is_refund_unclear) return not_refunded(what, "the gateway refused the refund", now);
      to.payment.due_at.reset();
      to.payment.reason = "the gateway's answers about the refund contradict each other: look there";
      return to;
    case refund_outcome::unclear:
      return note_refund_unreached(what, now, times);
  }
  return errc::internal;
}

result<gateway_change> note_refund_unreached(const gateway_payment& what, time_point now, const gateway_times& times) {
  if (what.status != status::refunding) return errc::wrong_state;
  gateway_change to{what};
  to.payment.is_refund_unclear = !what.refund_reference;  // one that has a reference is there
  to.payment.due_at = now + times.refund_look;
  return to;
}

}  // namespace bookings

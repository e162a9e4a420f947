// What the payment gateway says of a transaction and of a refund, and what follows from it. Pure rules, without I/O:
// server/payments asks the gateway, and the payment flow acts on the verdict.
//
// Nothing here may be fed with what a notification says of itself: only with what the gateway answered when it was
// asked (validation or query). A notification is a reason to ask, and no more.
#pragma once

#include "server/domain/errc.hpp"
#include "server/domain/money.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bookings {

enum class gateway_status {
  valid,        // paid; the first time that this was asked
  validated,    // paid; asked before
  pending,      // the bank has not decided
  failed,       // the bank refused
  cancelled,    // the customer gave up
  unattempted,  // the customer has not chosen how to pay
  expired,      // the customer came too late
  invalid,      // INVALID_TRANSACTION: the gateway knows of no such payment
  unknown,      // a text that we do not know: never believed, in either direction
};

std::string_view to_text(gateway_status value) noexcept;

// As the gateway writes them ("VALID", "INVALID_TRANSACTION"), in either case; unknown for anything else.
gateway_status parse_gateway_status(std::string_view text) noexcept;

// What the gateway answered. Texts are cleaned (no control characters, valid UTF-8, bounded) and empty where it said
// nothing; an amount is absent where it said none, or something that is no exact decimal.
struct gateway_transaction {
  std::string transaction_id;  // ours: tran_id
  std::string validation_id;   // theirs: val_id
  gateway_status status = gateway_status::unknown;
  std::string status_text;           // the status as it was written
  std::optional<money> amount = {};  // in `currency`, which the shop is paid in
  std::string currency;
  std::optional<money> customer_amount = {};  // in `customer_currency`, which the session was opened in
  std::string customer_currency;
  std::string bank_transaction_id;  // bank_tran_id: what a refund names
  std::string risk_level;           // "0": none; "1": a person should look at it
  std::string risk_title;
  std::string card_type;
  friend bool operator==(const gateway_transaction&, const gateway_transaction&) = default;
};

// What we know of the payment ourselves.
struct gateway_expectation {
  std::string transaction_id;  // never empty
  money amount;
  std::string currency = std::string(bookings::currency);
};

enum class settlement_outcome {
  paid,
  held,    // paid, but the gateway sees a risk, or says nothing of it: a person decides
  failed,  // also where the session expired
  cancelled,
  not_yet,   // nothing is decided, or the gateway knows of nothing: ask again later
  mismatch,  // the gateway speaks of another transaction or another sum: nothing follows, and somebody should know
};

enum class settlement_field { none, transaction_id, amount, currency_code };

std::string_view to_text(settlement_outcome value) noexcept;
std::string_view to_text(settlement_field value) noexcept;

struct settlement {
  settlement_outcome outcome = settlement_outcome::not_yet;
  settlement_field mismatch = settlement_field::none;  // which one, where the outcome is mismatch
  friend bool operator==(const settlement&, const settlement&) = default;
};

// The verdict. Paid or held only where the status is valid or validated, the transaction is ours, and the amount is
// exactly the expected one in the expected currency, also as the customer was asked for it. Another transaction's id is
// a mismatch whatever its status; amounts are compared only where money was taken.
settlement judge(const gateway_transaction& said, const gateway_expectation& expected);

// A query names every attempt that was made under one transaction id. The one that counts: a paid one, else one that
// may still be, else the last. `attempts` is not empty.
const gateway_transaction& deciding_attempt(const std::vector<gateway_transaction>& attempts) noexcept;

// Does the gateway take this sum? errc::unprocessable below 10.00 or above 500,000.00.
result<void> check_gateway_amount(money amount) noexcept;
inline constexpr money least_gateway_amount{10'00}, most_gateway_amount{500'000'00};

enum class gateway_refund_status {
  success,     // to a request: it was taken on
  processing,  // it was taken on before, or is under way
  failed,      // to a request: it was refused
  refunded,    // the money has gone back
  cancelled,   // it was taken on, and then it was not carried out
  unknown,
};

std::string_view to_text(gateway_refund_status value) noexcept;
gateway_refund_status parse_gateway_refund_status(std::string_view text) noexcept;

// What the gateway says of a refund; texts as above.
struct gateway_refund {
  gateway_refund_status status = gateway_refund_status::unknown;
  std::string status_text;
  std::string refund_id;  // ours: refund_trans_id; empty in answers that do not repeat it
  std::string reference;  // theirs: refund_ref_id, by which its status is asked
  std::string bank_transaction_id;
  std::string reason;  // errorReason, where it was refused
  friend bool operator==(const gateway_refund&, const gateway_refund&) = default;
};

enum class refund_outcome {
  refunded,
  under_way,
  refused,  // the money is where it was: the payment is paid again
  unclear,  // ask again; never: try again under another refund id
};

refund_outcome judge(const gateway_refund& said) noexcept;

}  // namespace bookings

// Payments through the gateway. Starting one only writes it down; a job asks the gateway for a session, whose page the
// student pays on; and what the gateway then says of the transaction, when asked, settles it. Pure rules: the store
// calls them inside its transactions, on the payment and its booking as they are then (store::change_gateway_payment).
//
//   queued ── session ──> initiated ── the gateway says ──> paid ── refund ──> refunding ──> refunded
//      │                      ├──────> held ─ release ──────┘└────── (a held one too) ──┘
//      └── given up ──> failed┴──> failed, cancelled ── money all the same ──> paid or held
//
// The booking's payment is pending from the first line of this until it is paid, or unpaid again. A payment that gave
// its booking back may have money come in late: then it takes the booking again where that is still unpaid, and else it
// is held, for an admin to send the money back.
//
// What is to be done next stands in the payment itself: its status says what, `due_at` says when. A job queue makes it
// quick; a queue that lost its jobs costs time and nothing else.
#pragma once

#include "server/domain/booking.hpp"
#include "server/domain/errc.hpp"
#include "server/domain/gateway_customer.hpp"
#include "server/domain/gateway_transaction.hpp"
#include "server/domain/id.hpp"
#include "server/domain/money.hpp"
#include "server/domain/page.hpp"
#include "server/domain/time.hpp"
#include "server/domain/trail.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace bookings {

enum class gateway_payment_status { queued, initiated, held, paid, failed, cancelled, refunding, refunded };

std::string_view to_text(gateway_payment_status value) noexcept;
std::optional<gateway_payment_status> parse_gateway_payment_status(std::string_view text) noexcept;

struct gateway_payment {
  bookings::id id;
  bookings::id booking_id;
  bookings::id student_id;
  money amount;
  gateway_payment_status status = gateway_payment_status::queued;
  bool owns_booking = true;  // the booking's payment status is this payment's; of one booking, one payment's at most
  std::optional<gateway_customer> customer =
      {};            // while queued: whoever asks for the session needs it, nobody else does
  int attempts = 0;  // sessions that were asked for, each under a transaction id of its own
  std::optional<time_point> attempt_until = {};                   // one is being asked for, until then at the latest
  std::optional<std::string> gateway_url = {}, session_key = {};  // of the last attempt, from initiated on
  std::optional<money> taken = {};                      // what the gateway took, which may be another sum than `amount`
  std::optional<std::string> bank_transaction_id = {};  // what a refund names
  int refunds = 0;                                      // refunds that were begun, each under an id of its own
  std::optional<gateway_payment_status> refunded_from = {};  // what it was before the last refund: paid or held
  std::optional<std::string> refund_reference = {};  // the gateway's, by which it is asked for the refund's status
  bool is_refund_unclear = false;          // it was asked for, and no clear answer came: the gateway may have it
  std::optional<std::string> reason = {};  // why it is held, failed or cancelled, or was not refunded; for people
  time_point created_at{};
  time_point updated_at{};
  std::optional<time_point> due_at = {};  // when its next step is due; absent: nothing is left to do
  friend bool operator==(const gateway_payment&, const gateway_payment&) = default;
};

struct gateway_payment_query {
  std::optional<bookings::id> student_id = {};  // absent: everybody's
  std::optional<gateway_payment_status> status = {};
  page_request page = {};
};

// What each attempt and each refund is called at the gateway: the payment's id, a letter and a number, "65f0…-1" and
// "65f0…R1". At most 30 characters.
std::string transaction_id_of(const gateway_payment& what);  // of its last attempt
std::string refund_id_of(const gateway_payment& what);       // of its last refund
// The payment that such a transaction belongs to. Absent where it is none of ours.
std::optional<bookings::id> payment_of_transaction(std::string_view transaction_id);
// What the gateway is held against when it speaks of `transaction_id`, which may be an earlier attempt's.
gateway_expectation expectation_of(const gateway_payment& what, std::string_view transaction_id);

// What a step makes of a payment and its booking.
struct gateway_change {
  gateway_payment payment;
  std::optional<payment_status> booking = {};  // the booking's new one
  std::optional<bookings::act> act = {};       // for the trail
  bool is_second_settlement = false;  // money for what is paid already: somebody must look, and a log line says so
};
using gateway_step = std::function<result<gateway_change>(const gateway_payment&, const booking&)>;

// How long things take at most, and how long one waits.
struct gateway_times {
  std::chrono::milliseconds attempt{60'000};        // a session's call, its deadline and the way there
  std::chrono::milliseconds give_up{2 * 3600'000};  // after which a payment that found no gateway is failed
  std::chrono::milliseconds look{600'000};          // between questions for a transaction that nobody has told of
  std::chrono::milliseconds page{3600'000};         // how long a student has to pay, from the session on
  std::chrono::milliseconds refund_look{60'000};    // between questions for a refund
};
inline constexpr int most_attempts = 99;  // the transaction id has no room for more

// A step that is due is handed to a job; the store hands it out again after this, should the job be lost.
inline constexpr std::chrono::milliseconds handed_out_for{30'000};

// May `who` start this payment? Errors of check_payable and check_gateway_amount.
result<void> check_gateway_payable(const booking& what, const gateway_payment& wanted);

// The steps. Each answers errc::wrong_state where the payment is past it; nothing is written then.

// Before the call: counts the attempt, so that whoever dies in mid-call leaves a trace, and nobody asks for a second
// session under its transaction id. errc::in_progress while another attempt is under way.
result<gateway_change> begin_attempt(const gateway_payment& what, time_point now, const gateway_times& times = {});
// After it: the page to pay on. errc::wrong_state too where another attempt has begun since.
result<gateway_change> note_session(const gateway_payment& what, int attempt, const std::string& url,
                                    const std::string& session_key, time_point now, const gateway_times& times = {});
// No answer, or none that can be read: to be tried again at `again_at`; past times.give_up the payment is failed.
result<gateway_change> note_unreached(const gateway_payment& what, int attempt, time_point again_at, time_point now,
                                      const gateway_times& times = {});
// The gateway said no, for good.
result<gateway_change> note_declined(const gateway_payment& what, int attempt, const std::string& reason,
                                     time_point now);

// What the gateway said of a transaction of this payment when it was asked. What it said before changes nothing again.
// errc::unprocessable where it spoke of a transaction that is not this payment's.
result<gateway_change> note_transaction(const gateway_payment& what, const booking& of, const gateway_transaction& said,
                                        const gateway_expectation& expected, time_point now,
                                        const gateway_times& times = {});
// It was asked, and knows of no transaction, or of none that has come to an end: to be asked again, or given up,
// times.page after the session.
result<gateway_change> note_no_transaction(const gateway_payment& what, time_point now,
                                           const gateway_times& times = {});

// An admin lets a held payment count. errc::wrong_state also where its booking cannot be paid by it any more.
result<gateway_change> release(const gateway_payment& what, const booking& of, const bookings::id& admin,
                               const std::optional<std::string>& reason, time_point now);
// An admin sends the money of a paid or a held one back; what was begun and is unclear is asked for again.
result<gateway_change> begin_refund(const gateway_payment& what, const bookings::id& admin,
                                    const std::optional<std::string>& reason, time_point now);
// What the gateway said of the refund. Where it was refused, the payment is again what it was; not where an earlier
// question had no clear answer, since that one may have been taken on: then an admin looks, and may ask again.
result<gateway_change> note_refund(const gateway_payment& what, const gateway_refund& said, time_point now,
                                   const gateway_times& times = {});
// No answer that can be read: it is asked for again, under the same id.
result<gateway_change> note_refund_unreached(const gateway_payment& what, time_point now,
                                             const gateway_times& times = {});

}  // namespace bookings

#include "server/payments/payment_flow.hpp"

#include <sodium.h>
#include <spdlog/spdlog.h>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace bookings {

namespace asio = boost::asio;
using asio::awaitable;
using status = gateway_payment_status;
using namespace std::chrono_literals;

namespace {

// 2 s after the first, twice as long after each further one, up to a minute; spread, so that a gateway that comes back
// is not met by all at once.
std::chrono::milliseconds pause_after(int attempts) {
  const auto longest = std::min<std::chrono::milliseconds>(60s, 2s * (1 << std::min(attempts - 1, 5)));
  return longest - std::chrono::milliseconds(randombytes_uniform(static_cast<std::uint32_t>(longest.count() / 4)));
}

awaitable<void> pause(std::chrono::milliseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  boost::system::error_code woken;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

gateway_refund refused_refund() {
  gateway_refund said;
  said.status = gateway_refund_status::failed;
  return said;
}

}  // namespace

payment_flow::answer payment_flow::take_step(const id& payment_id) {
  const auto found =
      co_await stores_.read("find_gateway_payment", [&](store& s) { return s.find_gateway_payment(payment_id); });
  if (!found) co_return found.error();
  const auto payment = *found;
  switch (payment.status) {
    case status::queued:
      co_return co_await open_session(payment_id);
    case status::initiated:
      co_return co_await ask_for_transaction(payment);
    case status::refunding:
      // Without a date it is an admin's to look at.
      if (payment.due_at) co_return co_await refund(payment);
      break;
    case status::held:
    case status::paid:
    case status::failed:
    case status::cancelled:
    case status::refunded:
      break;
  }
  co_return payment;
}

payment_flow::answer payment_flow::open_session(const id& payment_id) {
  // Noted before the call: whoever finds it later knows that this transaction id may have been used.
  const gateway_step begin = [&](const gateway_payment& p, const booking&) { return begin_attempt(p, now(), times_); };
  const auto begun = co_await change(payment_id, begin);
  if (!begun || begun->status != status::queued) co_return begun;
  const auto payment = *begun;
  const auto booked =
      co_await stores_.read("find_booking", [&](store& s) { return s.find_booking(payment.booking_id); });
  if (!booked) co_return booked.error();

  gateway_session_request wanted;
  wanted.transaction_id = transaction_id_of(payment);
  wanted.amount = payment.amount;
  wanted.product = booked->gig_title;
  wanted.customer = *payment.customer;
  const auto opened = co_await gateway_.open_session(wanted);
  const int attempt = payment.attempts;
  if (opened) {
    const gateway_step step = [&](const gateway_payment& p, const booking&) {
      return note_session(p, attempt, opened->customer_url, opened->key, now(), times_);
    };
    co_return co_await record(payment_id, step);
  }
  const auto& failed = opened.error();
  spdlog::warn("[Payments] No session for {} ({}): {}", wanted.transaction_id, to_text(failed.kind), failed.why);
  if (failed.kind == gateway_failure_kind::refused) {
    const gateway_step step = [&](const gateway_payment& p, const booking&) {
      return note_declined(p, attempt, "the gateway refused the payment", now());
    };
    co_return co_await record(payment_id, step);
  }
  const auto again_at = now() + pause_after(attempt);
  const gateway_step step = [&](const gateway_payment& p, const booking&) {
    return note_unreached(p, attempt, again_at, now(), times_);
  };
  co_return co_await record(payment_id, step);
}

payment_flow::answer payment_flow::ask_for_transaction(const gateway_payment& payment) {
  const auto transaction_id = transaction_id_of(payment);
  const std::string no_validation_id;
  const auto said = co_await transaction_of(transaction_id, no_validation_id);
  if (!said) {
    spdlog::warn("[Payments] Nothing is known of {}: {}", transaction_id, said.error().why);
    co_return payment;  // its date brings it here again
  }
  if (*said) co_return co_await note(payment.id, **said, transaction_id);
  const gateway_step step = [&](const gateway_payment& p, const booking&) {
    return note_no_transaction(p, now(), times_);
  };
  co_return co_await record(payment.id, step);
}

payment_flow::answer payment_flow::refund(const gateway_payment& payment) {
  gateway_result<gateway_refund> said = gateway_refund();
  if (payment.refund_reference) {
    said = co_await gateway_.refund_status(*payment.refund_reference);
  } else {
    gateway_refund_request wanted;
    wanted.refund_id = refund_id_of(payment);
    wanted.bank_transaction_id = payment.bank_transaction_id.value_or("");
    wanted.amount = payment.taken.value_or(payment.amount);
    wanted.remarks = "Refund of payment " + payment.id;
    said = co_await gateway_.refund(wanted);
  }
  if (!said) {
    const auto& failed = said.error();
    spdlog::warn("[Payments] No answer about refund {} ({}): {}", refund_id_of(payment), to_text(failed.kind),
                 failed.why);
    if (failed.kind == gateway_failure_kind::not_sent) co_return payment;  // its date brings it here again
    if (failed.kind == gateway_failure_kind::unknown || payment.refund_reference) {
      const gateway_step step = [&](const gateway_payment& p, const booking&) {
        return note_refund_unreached(p, now(), times_);
      };
      co_return co_await record(payment.id, step);
    }
    said = refused_refund();
  }
  const gateway_step step = [&](const gateway_payment& p, const booking&) {
    return note_refund(p, *said, now(), times_);
  };
  co_return co_await record(payment.id, step);
}

payment_flow::answer payment_flow::settle(const gateway_notification& told) {
  const auto payment_id = payment_of_transaction(told.transaction_id);
  if (!payment_id) co_return errc::not_found;
  auto payment =
      co_await stores_.read("find_gateway_payment", [&](store& s) { return s.find_gateway_payment(*payment_id); });
  if (!payment) co_return payment;
  const auto said = co_await transaction_of(told.transaction_id, told.validation_id);
  if (!said) {
    spdlog::warn("[Payments] Nothing is known of {}: {}", told.transaction_id, said.error().why);
    co_return errc::gateway_unavailable;
  }
  if (*said) payment = co_await note(*payment_id, **said, told.transaction_id);
  if (!payment) co_return payment;
  // It may be as it is by what somebody else wrote, and who wrote it may be waiting still.
  if (const auto noticed = co_await invalidate_.settled(); !noticed) co_return noticed.error();
  co_return payment;
}

awaitable<gateway_result<std::optional<gateway_transaction>>> payment_flow::transaction_of(
    const std::string& transaction_id, const std::string& validation_id) {
  std::string ask_by = validation_id;
  std::optional<gateway_transaction> queried;
  if (ask_by.empty()) {
    const auto all = co_await gateway_.query(transaction_id);
    if (!all) co_return all.error();
    if (all->empty()) co_return std::optional<gateway_transaction>();
    queried = deciding_attempt(*all);
    ask_by = queried->validation_id;
  }
  // Money counts by the validation's word alone; that there is none, by the query's too.
  const bool is_without_money =
      queried && queried->status != gateway_status::valid && queried->status != gateway_status::validated;
  if (is_without_money || ask_by.empty()) co_return queried;
  const auto validated = co_await gateway_.validate(ask_by);
  if (!validated) co_return validated.error();
  co_return std::optional<gateway_transaction>(*validated);
}

payment_flow::answer payment_flow::note(const id& payment_id, const gateway_transaction& said,
                                        const std::string& transaction_id) {
  const gateway_step step = [&](const gateway_payment& p, const booking& of) {
    return note_transaction(p, of, said, expectation_of(p, transaction_id), now(), times_);
  };
  const auto written = co_await record(payment_id, step);
  if (!written && written.error() == errc::unprocessable)
    spdlog::error("[Payments] Asked for {}, the gateway spoke of another transaction", transaction_id);
  co_return written;
}

payment_flow::answer payment_flow::change(const id& payment_id, const gateway_step& step) {
  const auto done = co_await stores_.write("change_gateway_payment",
                                           [&](store& s) { return s.change_gateway_payment(payment_id, step); });
  if (!done) co_return done.error();
  const auto& payment = done->value.payment;
  if (done->value.is_second_settlement)
    spdlog::error("[Payments] The gateway took money for payment {} of a booking that is paid already: send it back",
                  payment.id);
  if (!done->rows.empty()) {
    if (const auto noticed = co_await invalidate_.after(*done); !noticed) co_return noticed.error();
  }
  watch_.tell(payment_id);
  co_return payment;
}

payment_flow::answer payment_flow::record(const id& payment_id, const gateway_step& step) {
  constexpr std::chrono::milliseconds pauses[] = {100ms, 500ms, 2s, 5s};
  auto written = co_await change(payment_id, step);
  for (const auto each : pauses) {
    if (written || (written.error() != errc::store_unavailable && written.error() != errc::overloaded)) break;
    co_await pause(each);
    written = co_await change(payment_id, step);
  }
  // It may have been written the time before, and only the answer lost; or somebody else was quicker.
  if (!written && written.error() == errc::wrong_state)
    written =
        co_await stores_.read("find_gateway_payment", [&](store& s) { return s.find_gateway_payment(payment_id); });
  co_return written;
}

}  // namespace bookings

// What is done for a payment, step by step: the domain says which step is next and what follows from it
// (server/domain/gateway_payment.hpp); here the gateway is asked, and the answer written.
//
// Each step may be taken twice, by whomever, and after a death at any point: what is asked of the gateway is noted
// before it is asked, and what was noted decides what is asked next.
//
// What a step returns tells of what it wrote, and so comes only after no node can show what was before.
//
// Thread-safe. Must outlive its coroutines.
#pragma once

#include "server/caching/invalidations.hpp"
#include "server/domain/gateway_payment.hpp"
#include "server/payments/payment_gateway.hpp"
#include "server/payments/payment_watch.hpp"
#include "server/stores/async_store.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>

namespace bookings {

class payment_flow {
 public:
  payment_flow(async_store& stores, caching::invalidator& invalidate, payment_gateway& gateway, payment_watch& watch,
               gateway_times times = {})
      : stores_(stores), invalidate_(invalidate), gateway_(gateway), watch_(watch), times_(times) {}

  // Takes the step that the payment's status says is next, and returns the payment as it is then: past it, or with the
  // date of another try. One that needs no step is returned as it is. errc::not_found, errc::in_progress where another
  // is asking for a session, and those of the store. `payment_id` must outlive the coroutine.
  boost::asio::awaitable<result<gateway_payment>> take_step(const id& payment_id);

  // Somebody says that there is news of a transaction: asks the gateway, and writes what it says. errc::not_found where
  // it is none of ours, errc::gateway_unavailable where the gateway cannot be asked, errc::unprocessable where it
  // speaks of another. `told` must outlive the coroutine.
  boost::asio::awaitable<result<gateway_payment>> settle(const gateway_notification& told);

 private:
  using answer = boost::asio::awaitable<result<gateway_payment>>;

  answer open_session(const id& payment_id);
  answer ask_for_transaction(const gateway_payment& payment);
  answer refund(const gateway_payment& payment);
  // The transaction that decides, as a validation has it where money was taken; absent where the gateway knows of none.
  boost::asio::awaitable<gateway_result<std::optional<gateway_transaction>>> transaction_of(
      const std::string& transaction_id, const std::string& validation_id);
  answer note(const id& payment_id, const gateway_transaction& said, const std::string& transaction_id);
  // Writes a step.
  answer change(const id& payment_id, const gateway_step& step);
  // The same for what the gateway has answered, which would be lost: tries again for some seconds.
  answer record(const id& payment_id, const gateway_step& step);

  async_store& stores_;
  caching::invalidator& invalidate_;
  payment_gateway& gateway_;
  payment_watch& watch_;
  const gateway_times times_;
};

}  // namespace bookings

// The payment gateway, as the payment flow sees it: ask it, and it answers, or says which of two things happened
// instead. Implemented by make_sslcommerz_gateway() (sslcommerz.hpp).
//
//   const auto opened = co_await gateway.open_session(wanted);   // record the attempt before this line
//   if (opened) …                                                // send the customer to opened->customer_url
//   else if (opened.error().is_unknown()) …                      // it may have been opened: never again under this id
//   else …                                                       // not opened
#pragma once

#include "server/domain/gateway_transaction.hpp"
#include "server/payments/gateway_customer.hpp"
#include "server/payments/notification.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bookings {

enum class gateway_failure_kind {
  not_sent,  // not done: nothing left this process, or the gateway had no room for it. Try again later
  refused,   // not done: the gateway said no. Trying again as it is will hardly help
  unknown,   // it may have been done or not: no answer in time, a connection lost, an answer that cannot be read
};

std::string_view to_text(gateway_failure_kind value) noexcept;

struct gateway_failure {
  gateway_failure_kind kind = gateway_failure_kind::unknown;
  std::string why;  // one line of at most 300 bytes for the log and for admins; never a credential
  bool is_unknown() const noexcept { return kind == gateway_failure_kind::unknown; }
};

[[noreturn]] inline void throw_exception_from_error(const gateway_failure& failed,
                                                    const boost::source_location& /*where*/) {
  throw std::logic_error("an answer of the gateway was taken that is not there: " + failed.why);
}

template <class T>
using gateway_result = boost::system::result<T, gateway_failure>;

struct gateway_session_request {
  std::string transaction_id;  // 1 to 30 letters, digits, "-" and "_"; a new one for each attempt
  money amount;                // within check_gateway_amount()
  std::string product;         // what is paid for, as the customer's receipt shows it; not empty
  gateway_customer customer;   // without faults
};

struct gateway_session {
  std::string key;           // theirs
  std::string customer_url;  // where the customer pays
};

struct gateway_refund_request {
  std::string refund_id;            // ours: 1 to 30 letters, digits, "-" and "_"; the same one when it is tried again
  std::string bank_transaction_id;  // of the paid transaction
  money amount;
  std::string remarks;  // why, for the shop's records; cut at 255 bytes, not empty
};

// The routes that the gateway is told of, behind PUBLIC_URL: it posts the notification to the first, and sends the
// customer's browser to one of the others, with a form as well.
inline constexpr std::string_view gateway_notification_path = "/api/payments/sslcommerz/ipn",
                                  gateway_success_path = "/api/payments/sslcommerz/success",
                                  gateway_fail_path = "/api/payments/sslcommerz/fail",
                                  gateway_cancel_path = "/api/payments/sslcommerz/cancel";

// Thread-safe. Each call has a deadline and resumes on its caller's executor; what it gets by reference must live until
// then. A call that is cancelled resumes with a failure: not_sent where it had not begun, unknown afterwards.
// To shut down as with async_store: close(), stop the callers' contexts, destroy this, and only then destroy them.
class payment_gateway {
 public:
  virtual ~payment_gateway() = default;

  // Opens a session, once: no request is ever sent twice. An invalid request is refused here.
  virtual boost::asio::awaitable<gateway_result<gateway_session>> open_session(
      const gateway_session_request& wanted) = 0;

  // What the gateway says of a payment by the id that it gave it; gateway_status::invalid where it knows of none.
  virtual boost::asio::awaitable<gateway_result<gateway_transaction>> validate(const std::string& validation_id) = 0;

  // Every attempt that was made to pay under our transaction id (deciding_attempt() chooses one); empty where it knows
  // of none.
  virtual boost::asio::awaitable<gateway_result<std::vector<gateway_transaction>>> query(
      const std::string& transaction_id) = 0;

  // Asks for a refund, once. Where the gateway refuses it, that is an answer: gateway_refund_status::failed.
  virtual boost::asio::awaitable<gateway_result<gateway_refund>> refund(const gateway_refund_request& wanted) = 0;

  // What became of a refund, by the gateway's reference of it.
  virtual boost::asio::awaitable<gateway_result<gateway_refund>> refund_status(const std::string& reference) = 0;

  // As the free function, with the shop's password.
  virtual notification_result read_notification(std::string_view form) const = 0;

  // Ends all calls with a failure, and refuses further ones: for the end of a process, which waits for nobody.
  virtual void close() = 0;
};

}  // namespace bookings

#include "server/payments/absent_gateway.hpp"

namespace bookings {
namespace {

using boost::asio::awaitable;

class absent_gateway final : public payment_gateway {
 public:
  awaitable<gateway_result<gateway_session>> open_session(const gateway_session_request&) override { co_return nothing(); }
  awaitable<gateway_result<gateway_transaction>> validate(const std::string&) override { co_return nothing(); }
  awaitable<gateway_result<std::vector<gateway_transaction>>> query(const std::string&) override { co_return nothing(); }
  awaitable<gateway_result<gateway_refund>> refund(const gateway_refund_request&) override { co_return nothing(); }
  awaitable<gateway_result<gateway_refund>> refund_status(const std::string&) override { co_return nothing(); }
  notification_result read_notification(std::string_view) const override {
    return notification_fault{notification_fault::kind::not_signed, "no payment gateway is set up"};
  }
  void close() override {}

 private:
  static gateway_failure nothing() { return {gateway_failure_kind::not_sent, "no payment gateway is set up"}; }
};

}  // namespace

std::unique_ptr<payment_gateway> make_absent_gateway() { return std::make_unique<absent_gateway>(); }

}  // namespace bookings

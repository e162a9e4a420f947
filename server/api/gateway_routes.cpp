#include "server/api/gateway_routes.hpp"

#include <boost/json/object.hpp>
#include <spdlog/spdlog.h>

namespace bookings::api {
namespace {

using boost::asio::awaitable;
using boost::beast::http::verb;
using http::access;
using http::reply;
using http::request;

// Fixed text alone: nothing of the form gets onto a page.
std::string_view words_for(gateway_payment_status status) noexcept {
  switch (status) {
    case gateway_payment_status::paid:
      return "Your payment has arrived. Thank you.";
    case gateway_payment_status::held:
      return "Your payment has arrived and is being looked at. You need not pay again.";
    case gateway_payment_status::failed:
      return "The payment failed. No booking was paid; you can try again.";
    case gateway_payment_status::cancelled:
      return "The payment was cancelled. You can start it again at any time.";
    case gateway_payment_status::refunding:
    case gateway_payment_status::refunded:
      return "This payment is being or has been sent back.";
    case gateway_payment_status::queued:
    case gateway_payment_status::initiated:
      break;
  }
  return "Your payment is being checked. Your booking shows it as soon as it has arrived.";
}

reply page(std::string_view words) {
  reply answer;
  answer.content_type = "text/html; charset=utf-8";
  answer.set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; form-action 'none'");
  answer.set("X-Content-Type-Options", "nosniff");
  answer.set("Referrer-Policy", "no-referrer");
  answer.own(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width\"><title>Payment</title></head>\n"
      "<body><h1>Payment</h1><p>" +
      std::string(words) + "</p><p>You can close this page and go back to your bookings.</p></body></html>\n");
  return answer;
}

class gateway_calls {
 public:
  gateway_calls(payment_flow& flow, const payment_gateway& gateway) : flow_(flow), gateway_(gateway) {}

  awaitable<reply> notify(request& what) const {
    const auto told = gateway_.read_notification(what.body);
    if (!told) {
      const auto& fault = told.error();
      spdlog::warn("[Payments] A notification from {} was refused: {} (request {})", what.remote_address, fault.why,
                   what.request_id);
      const bool is_malformed = fault.what == notification_fault::kind::malformed;
      co_return http::failure(is_malformed ? errc::malformed : errc::forbidden, what.request_id);
    }
    const auto notification = *told;
    const auto settled = co_await flow_.settle(notification);
    if (!settled) co_return http::failure(settled.error(), what.request_id);
    co_return http::success(200, boost::json::object{{"status", to_text(settled->status)}});
  }

  // Whatever happened, the customer gets a page: what is not known yet will be, and they are told so.
  awaitable<reply> come_back(request& what) const {
    const auto told = gateway_.read_notification(what.body);
    if (!told) co_return page(words_for(gateway_payment_status::initiated));
    const auto notification = *told;
    const auto settled = co_await flow_.settle(notification);
    co_return page(words_for(settled ? settled->status : gateway_payment_status::initiated));
  }

 private:
  payment_flow& flow_;
  const payment_gateway& gateway_;
};

}  // namespace

void add_gateway_routes(http::router& routes, payment_flow& flow, const payment_gateway& gateway) {
  const auto here = std::make_shared<gateway_calls>(flow, gateway);
  const auto add = [&](std::string_view path, http::controller handle) {
    http::route route{verb::post, std::string(path), access::anyone, std::move(handle)};
    route.takes = http::media::form;
    routes.add(std::move(route));
  };
  add(gateway_notification_path, [here](request& r) { return here->notify(r); });
  for (const auto path : {gateway_success_path, gateway_fail_path, gateway_cancel_path})
    add(path, [here](request& r) { return here->come_back(r); });
}

}  // namespace bookings::api

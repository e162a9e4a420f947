// A client of the gateway, an emulated gateway, and a loop to run coroutines on: what tests of the client begin with.
#pragma once

#include "server/payments/sslcommerz.hpp"
#include "tests/support/gateway_emulator.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace bookings::tests {

inline constexpr std::string_view store_id = "testbox", store_password = "qwerty";  // the emulator's

inline sslcommerz_options options_for(const std::string& url) {
  sslcommerz_options options;
  options.base_url = url;
  options.public_url = "http://127.0.0.1:1";  // where nobody takes notifications
  options.store_id = store_id;
  options.store_password = store_password;
  return options;
}

inline gateway_session_request session_request(std::string transaction_id = "65a4f0c2b1e2d3a4f5b6c7d8") {
  gateway_session_request wanted;
  wanted.transaction_id = std::move(transaction_id);
  wanted.amount = money{1250'00};
  wanted.product = "Lesson: Algebra";
  wanted.customer.name = "Ayesha Rahman";
  wanted.customer.email = "ayesha@example.com";
  wanted.customer.phone = "01711000000";
  wanted.customer.address = "12 Green Road";
  wanted.customer.city = "Dhaka";
  wanted.customer.postcode = "1205";
  wanted.customer.country = "Bangladesh";
  return wanted;
}

// A call under way: its outcome once it has one, and how to cancel it.
template <class T>
struct started_call {
  std::optional<T> outcome = {};
  std::exception_ptr thrown = {};
  boost::asio::cancellation_signal cancel = {};
};

class loop {
 public:
  template <class T>
  std::shared_ptr<started_call<T>> start(boost::asio::awaitable<T> call) {
    auto started = std::make_shared<started_call<T>>();
    auto done = [started](std::exception_ptr thrown, T outcome) {
      started->thrown = thrown;
      started->outcome = std::move(outcome);
    };
    boost::asio::co_spawn(io_, std::move(call),
                          boost::asio::bind_cancellation_slot(started->cancel.slot(), std::move(done)));
    return started;
  }

  // Until all that was started has ended.
  void run() {
    io_.restart();
    io_.run();
  }
  // What is ready now, such as the beginning of what was just started.
  void poll() {
    io_.restart();
    io_.poll();
  }

  template <class T>
  T run(boost::asio::awaitable<T> call) {
    const auto started = start(std::move(call));
    run();
    if (started->thrown) std::rethrow_exception(started->thrown);
    return std::move(started->outcome.value());
  }

  boost::asio::io_context& context() { return io_; }

 private:
  boost::asio::io_context io_;
};

}  // namespace bookings::tests

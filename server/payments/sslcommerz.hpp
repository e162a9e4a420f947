// SSLCommerz v4. What is asked and what is believed: docs/features/payments.md.
#pragma once

#include "server/payments/payment_gateway.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace bookings {

struct sslcommerz_options {
  std::string base_url;    // without a slash at its end; https://, or http:// to this machine
  std::string public_url;  // this server, as the gateway and browsers see it, likewise
  std::string store_id, store_password;

  std::chrono::milliseconds connect_time{5'000};   // for name, connection and TLS
  std::chrono::milliseconds session_time{30'000};  // for a whole call, waiting for its turn included: to open a session
  std::chrono::milliseconds call_time{15'000};     // any other
  std::size_t most_in_flight = 128;                // calls that are at the gateway at once
  std::size_t most_waiting = 1'024;                // calls that wait for their turn; one more is not sent
  std::string authorities_file = {};               // PEM; empty: the system's
};

// Starts a thread that does all the calls. Throws std::invalid_argument where the options are not as said above.
std::unique_ptr<payment_gateway> make_sslcommerz_gateway(sslcommerz_options options);

}  // namespace bookings

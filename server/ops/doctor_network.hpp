// Is a name known, and does anybody answer at an address? Each call blocks, until its answer or its limit.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace bookings::ops {

struct looked_up {
  std::vector<std::string> addresses;  // without repetitions
  std::string why;                     // there are none; empty where there are some
};
// An address is its own answer.
looked_up look_up(const std::string& host, std::chrono::milliseconds limit);

struct reached {
  std::chrono::microseconds took{0};
  std::string why;  // nobody answers; empty where somebody does
};
// A TCP connection, closed at once.
reached reach(const std::string& address, std::uint16_t port, std::chrono::milliseconds limit);
reached reach_socket(const std::string& path, std::chrono::milliseconds limit);

}  // namespace bookings::ops

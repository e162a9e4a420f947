// The emulated payment gateway (tests/support/sslcommerz_emulator.py) as a process for one test: on a free loopback
// port, ending with this object, or with the test program. Throws std::runtime_error where it does not start or refuses
// what it is told. Not thread-safe.
#pragma once

#include <sys/types.h>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bookings::tests {

class gateway_emulator {
 public:
  // `arguments` as on its command line, such as {"--certificate", "file.pem"}: then it speaks TLS, and cannot be told
  // anything.
  explicit gateway_emulator(std::vector<std::string> arguments = {});
  ~gateway_emulator();
  gateway_emulator(const gateway_emulator&) = delete;

  const std::string& url() const noexcept { return url_; }
  std::uint16_t port() const;

  // What its first lines list: tell("fault", R"({"how":"reset"})"), ask("log").
  boost::json::value tell(std::string_view name, std::string_view json) const;
  boost::json::value ask(std::string_view name) const;
  // How many calls of an operation ("session") have come.
  std::size_t calls(std::string_view operation) const;
  // Waits for that many, with a limit; false where they do not come.
  bool has_calls(std::string_view operation, std::size_t count) const;
  void kill();

 private:
  boost::json::value exchange(const std::string& request) const;

  std::string url_;
  pid_t process_ = 0;
};

}  // namespace bookings::tests

// A client that sends exactly the bytes it is told to: for tests of how the server takes them. Every wait ends after
// five seconds with a failed test.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bookings::tests {

class raw_client {
 public:
  explicit raw_client(std::uint16_t port);
  ~raw_client();
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  struct answer {
    unsigned status = 0;  // 0: the connection was closed instead
    std::string head;     // up to and with the empty line
    std::string body;
    // A header's value, empty where it is not there.
    std::string header(std::string_view name) const;
  };

  // False where the server closed meanwhile.
  bool send(std::string_view bytes);
  // The next reply, whose body's length is what Content-Length says; none for HEAD and for 1xx.
  answer receive(bool with_body = true);
  // All that comes until the server closes. Absent where it has not closed half a minute after the last byte.
  std::optional<std::string> receive_all();
  // Waits until the server closes. False where it sends something, or keeps the connection.
  bool is_closed();
  // No longer sends.
  void finish();

 private:
  bool read_more();

  int socket_ = -1;
  std::string received_;
};

}  // namespace bookings::tests

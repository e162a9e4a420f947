#include "tests/support/http_client.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace bookings::tests {

raw_client::raw_client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const timeval longest{5, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect to the server under test");
  }
}

raw_client::~raw_client() { ::close(socket_); }

std::string raw_client::answer::header(std::string_view name) const {
  const auto line = "\r\n" + std::string(name) + ": ";
  const auto at = head.find(line);
  if (at == head.npos) return {};
  const auto begin = at + line.size();
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

bool raw_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

raw_client::answer raw_client::receive(bool with_body) {
  answer got;
  auto end = received_.find("\r\n\r\n");
  for (; end == received_.npos; end = received_.find("\r\n\r\n")) {
    if (!read_more()) return got;
  }
  got.head = received_.substr(0, end + 4);
  received_.erase(0, end + 4);
  const auto status = static_cast<unsigned>(std::atoi(got.head.c_str() + sizeof "HTTP/1.1"));
  const auto length = static_cast<std::size_t>(std::atoll(got.header("Content-Length").c_str()));
  while (with_body && status >= 200 && received_.size() < length) {
    if (!read_more()) return got;
  }
  if (with_body && status >= 200) {
    got.body = received_.substr(0, length);
    received_.erase(0, length);
  }
  got.status = status;
  return got;
}

std::optional<std::string> raw_client::receive_all() {
  std::array<char, 65536> bytes;
  for (int silences = 0; silences < 6;) {
    const auto got = ::recv(socket_, bytes.data(), bytes.size(), 0);
    if (got > 0) received_.append(bytes.data(), static_cast<std::size_t>(got));
    if (got > 0) silences = 0;
    else if (got < 0 && (errno == EAGAIN || errno == EINTR)) ++silences;
    else return std::exchange(received_, {});
  }
  return {};
}

bool raw_client::is_closed() {
  if (!received_.empty()) return false;
  char byte;
  const auto got = ::recv(socket_, &byte, 1, 0);
  return got == 0 || (got < 0 && errno == ECONNRESET);
}

void raw_client::finish() { ::shutdown(socket_, SHUT_WR); }

bool raw_client::read_more() {
  std::array<char, 65536> bytes;
  const auto got = ::recv(socket_, bytes.data(), bytes.size(), 0);
  if (got <= 0) return false;
  received_.append(bytes.data(), static_cast<std::size_t>(got));
  return true;
}

}  // namespace bookings::tests

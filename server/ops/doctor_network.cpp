#include "server/ops/doctor_network.hpp"

#include <boost/asio/cancel_after.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <netdb.h>

#include <algorithm>
#include <future>
#include <memory>
#include <thread>

namespace bookings::ops {
namespace {

namespace asio = boost::asio;

looked_up ask_resolver(const std::string& host) {
  looked_up found;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  if (const int wrong = ::getaddrinfo(host.c_str(), nullptr, &hints, &first); wrong != 0) {
    found.why = ::gai_strerror(wrong);
    return found;
  }
  for (const auto* each = first; each != nullptr; each = each->ai_next) {
    char text[NI_MAXHOST];
    if (::getnameinfo(each->ai_addr, each->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0) continue;
    if (std::ranges::find(found.addresses, text) == found.addresses.end()) found.addresses.emplace_back(text);
  }
  ::freeaddrinfo(first);
  if (found.addresses.empty()) found.why = "it has no address";
  return found;
}

std::string within(std::chrono::milliseconds limit) { return " within " + std::to_string(limit.count()) + " ms"; }

template <class Socket, class Endpoint>
reached connect(const Endpoint& where, std::chrono::milliseconds limit) {
  asio::io_context context;
  Socket socket(context);
  reached found;
  const auto began = std::chrono::steady_clock::now();
  socket.async_connect(
      where, asio::cancel_after(limit, [&](boost::system::error_code error) {
        found.took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
        if (error == asio::error::operation_aborted)
          found.why = "no answer" + within(limit);
        else if (error)
          found.why = error.message();
      }));
  context.run();
  return found;
}

}  // namespace

// A resolver can be neither cancelled nor hurried, so it has a thread that nobody waits for longer than the limit.
looked_up look_up(const std::string& host, std::chrono::milliseconds limit) {
  auto promised = std::make_shared<std::promise<looked_up>>();
  auto answer = promised->get_future();
  std::thread([host, promised] { promised->set_value(ask_resolver(host)); }).detach();
  if (answer.wait_for(limit) == std::future_status::ready) return answer.get();
  return {{}, "no answer" + within(limit)};
}

reached reach(const std::string& address, std::uint16_t port, std::chrono::milliseconds limit) {
  boost::system::error_code wrong;
  const auto parsed = asio::ip::make_address(address, wrong);
  if (wrong) return {{}, wrong.message()};
  return connect<asio::ip::tcp::socket>(asio::ip::tcp::endpoint(parsed, port), limit);
}

reached reach_socket(const std::string& path, std::chrono::milliseconds limit) {
  return connect<asio::local::stream_protocol::socket>(asio::local::stream_protocol::endpoint(path), limit);
}

}  // namespace bookings::ops

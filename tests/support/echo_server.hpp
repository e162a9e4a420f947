// A server of the HTTP layer alone, whose handler echoes, over real sockets on the loopback.
#pragma once

#include "server/http/io_threads.hpp"
#include "server/http/listener.hpp"
#include "server/http/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/beast/http/verb.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace bookings::tests {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace http;

inline constexpr std::size_t large_bytes = 16 * 1024 * 1024;  // more than the sockets' buffers take at once

// Two pieces; or, where it is endless, one large one after the other.
class pieces final : public body_stream {
 public:
  explicit pieces(bool is_endless) : is_endless_(is_endless) {}
  asio::awaitable<std::shared_ptr<const std::string>> next() override {
    if (is_endless_) co_return large_;
    const char* const texts[] = {"one", "and another of 24 bytes."};
    if (at_ == std::size(texts)) co_return nullptr;
    co_return std::make_shared<const std::string>(texts[at_++]);
  }

 private:
  const bool is_endless_;
  const std::shared_ptr<const std::string> large_ = std::make_shared<const std::string>(1024 * 1024, 'x');
  std::size_t at_ = 0;
};

// A server whose handler echoes, with a path for each odd behaviour.
class echo_server {
 public:
  explicit echo_server(session_limits limits = {}, std::size_t most_connections = 100) : threads_(2) {
    listener_options options;
    options.limits = limits;
    options.most_connections = most_connections;
    listener_.emplace(threads_, options, [this](request& what) { return handle(what); });
    listener_->start();
    threads_.start();
  }
  ~echo_server() {
    gate_open = true;
    threads_.stop();
    threads_.join();
    listener_.reset();
  }

  std::uint16_t port() const { return listener_->port(); }
  std::size_t connections() const { return listener_->connections(); }
  std::future<void> drain(std::chrono::milliseconds within) {
    return asio::co_spawn(threads_.context(1), listener_->drain(std::chrono::steady_clock::now() + within),
                          asio::use_future);
  }
  // Waits, with a limit, until a condition of the server holds.
  template <class Condition>
  static bool eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 5s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }

  std::atomic<int> at_gate{0};         // how many requests wait in "/gate"
  std::atomic<bool> gate_open{false};  // lets them go on

 private:
  asio::awaitable<reply> handle(request& what) {
    what.request_id = "test-id";
    reply answer;
    answer.content_type = "text/plain";
    if (what.path == "/gate") {
      ++at_gate;
      asio::steady_timer timer(co_await asio::this_coro::executor);
      while (!gate_open) {
        timer.expires_after(1ms);
        co_await timer.async_wait(asio::use_awaitable);
      }
      --at_gate;
    }
    if (what.path == "/throw") throw std::runtime_error("on purpose");
    if (what.path == "/thread") answer.own(std::to_string(std::hash<std::thread::id>()(std::this_thread::get_id())));
    if (what.path == "/large") answer.own(std::string(large_bytes, 'x'));
    if (what.path == "/nothing") answer.status = 204;
    if (what.path == "/stream") answer.stream = std::make_shared<pieces>(false);
    if (what.path == "/endless") answer.stream = std::make_shared<pieces>(true);
    if (answer.body.empty()) {
      const bool is_get = what.method == boost::beast::http::verb::get;
      answer.head = is_get ? "GET " : "";  // a body of two pieces, or of one
      const auto method = is_get ? std::string() : std::string(to_string(what.method)) + " ";
      answer.own(method + what.target + " " + what.body);
    }
    co_return answer;
  }

  io_threads threads_;
  std::optional<listener> listener_;
};

inline constexpr std::string_view host = "Host: test\r\n";

inline std::string get(std::string_view target, std::string_view headers = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\n" + std::string(host) + std::string(headers) + "\r\n";
}
inline std::string post(std::string_view target, std::string_view headers, std::string_view body) {
  return "POST " + std::string(target) + " HTTP/1.1\r\n" + std::string(host) + std::string(headers) + "\r\n" +
         std::string(body);
}

}  // namespace bookings::tests

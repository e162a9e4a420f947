// A plain Boost.Beast server on one thread: no word of a cache here. Your program has one already.
#pragma once

#include <boost/asio.hpp>
#include <boost/beast.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <utility>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using request = http::request<http::string_body>;
using response = http::response<http::string_body>;
using route = std::function<asio::awaitable<void>(const request&, response&)>;

inline asio::awaitable<void> session(boost::beast::tcp_stream stream, const route& answer) {
  boost::beast::flat_buffer buffer;
  for (bool again = true; again;) {
    request asked;
    response reply;
    stream.expires_after(std::chrono::seconds(30));
    co_await http::async_read(stream, buffer, asked);
    co_await answer(asked, reply);
    again = asked.keep_alive();
    reply.keep_alive(again);
    reply.prepare_payload();
    co_await http::async_write(stream, reply);
  }
}

// `answer` must outlive it.
inline asio::awaitable<void> listen(asio::ip::tcp::acceptor acceptor, const route& answer) {
  for (;;) {
    boost::beast::tcp_stream stream(co_await acceptor.async_accept());
    asio::co_spawn(acceptor.get_executor(), session(std::move(stream), answer),
                   [](std::exception_ptr) {});  // who went away
  }
}

// A server on plain Boost.Beast with one cached route: GET /NAME is cached in Redis, PUT /NAME changes it.
//
//   beast_example PORT REDIS_PORT
#include <reprise/backends.hpp>
#include <reprise/response_cache.hpp>

#include <boost/asio.hpp>
#include <boost/beast.hpp>

#include <iostream>
#include <map>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using namespace std::chrono_literals;
using request = http::request<http::string_body>;
using response = http::response<http::string_body>;

std::map<std::string, std::string> notes;  // stands for your database
const reprise::cache_policy policy{.prefix = "notes", .ttl = 600s, .audience = reprise::audience::thing};

asio::awaitable<void> answer(reprise::response_cache& cache, const request& asked, response& reply) {
  const std::string name(asked.target().substr(1));
  if (!reprise::is_valid_name(name)) {
    reply.result(http::status::bad_request);
  } else if (asked.method() == http::verb::put) {
    notes[name] = asked.body();  // the change first, then the invalidation, then the reply
    std::vector<reprise::scope> changed{reprise::scope::of_thing("notes", name).value()};
    const auto done = co_await cache.invalidate(changed);
    reply.result(done ? http::status::no_content : http::status::service_unavailable);
  } else {
    reprise::cache_request wanted;
    wanted.thing = name;
    const reprise::origin read = [&]() -> asio::awaitable<reprise::origin_reply> {
      const auto found = notes.find(name);
      reprise::origin_reply note;
      note.status = found == notes.end() ? 404 : 200;
      note.body = found == notes.end() ? "" : found->second;
      note.content_type = "text/plain";
      co_return note;
    };
    const auto cached = co_await cache.serve(policy, wanted, read);
    const char* how[] = {"HIT", "MISS", "BYPASS"};
    reply.result(cached ? cached->status : 503);
    if (cached) reply.set("X-Cache", how[static_cast<int>(cached->outcome)]);
    if (cached) reply.set(http::field::content_type, cached->content_type);
    if (cached) reply.body() = cached->body;
  }
}

asio::awaitable<void> session(boost::beast::tcp_stream stream, reprise::response_cache& cache) {
  boost::beast::flat_buffer buffer;
  for (bool again = true; again;) {
    request asked;
    response reply;
    stream.expires_after(30s);
    co_await http::async_read(stream, buffer, asked, asio::use_awaitable);
    co_await answer(cache, asked, reply);
    again = asked.keep_alive();
    reply.keep_alive(again);
    reply.prepare_payload();
    co_await http::async_write(stream, reply, asio::use_awaitable);
  }
}

asio::awaitable<void> listen(asio::ip::tcp::acceptor acceptor, reprise::response_cache& cache) {
  for (;;) {
    auto socket = co_await acceptor.async_accept(asio::use_awaitable);
    asio::co_spawn(acceptor.get_executor(), session(boost::beast::tcp_stream(std::move(socket)), cache),
                   [](std::exception_ptr) {});  // a client that went away, or was too slow
  }
}

int main(int, char** arguments) {
  asio::io_context io(1);
  reprise::redis_options redis;
  redis.port = static_cast<std::uint16_t>(std::stoi(arguments[2]));
  reprise::response_cache cache({}, reprise::make_redis_backend(redis, {io.get_executor()}), reprise::make_volatile_log(),
                                reprise::make_environment(), nullptr);
  const asio::ip::tcp::endpoint here(asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(std::stoi(arguments[1])));
  asio::co_spawn(io, cache.run(), asio::detached);
  asio::co_spawn(io, listen(asio::ip::tcp::acceptor(io, here), cache), asio::detached);
  asio::signal_set stops(io, SIGINT, SIGTERM);
  stops.async_wait([&](auto, int) { io.stop(); });
  std::cout << "http://" << here << '\n' << std::flush;
  io.run();
}

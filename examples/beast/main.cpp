// A server on plain Boost.Beast (server.hpp) with one cached route: GET /NAME is cached in Redis, PUT /NAME changes it.
//
//   beast_example PORT REDIS_PORT
#include "server.hpp"

#include <reprise/backends.hpp>
#include <reprise/response_cache.hpp>

#include <iostream>
#include <map>

using namespace std::chrono_literals;

std::map<std::string, std::string> notes;  // stands for your database
const reprise::cache_policy policy{.prefix = "notes", .ttl = 600s, .audience = reprise::audience::thing};

asio::awaitable<void> answer(reprise::response_cache& cache, const request& asked, response& reply) {
  const std::string name(asked.target().substr(1));
  const auto scope = reprise::scope::of_thing("notes", name);
  if (!scope) {
    reply.result(http::status::bad_request);
  } else if (asked.method() == http::verb::put) {
    notes[name] = asked.body();  // the change first, then the invalidation, then the reply
    std::vector<reprise::scope> changed{*scope};
    const auto done = co_await cache.invalidate(changed);
    reply.result(done ? http::status::no_content : http::status::service_unavailable);
  } else {
    reprise::cache_request wanted;
    wanted.thing = name;
    const reprise::origin read = [&]() -> asio::awaitable<reprise::origin_reply> {
      reprise::origin_reply note;
      if (notes.contains(name))
        note.body = notes[name];
      else
        note.status = 404;  // what is not 2xx is not kept
      co_return note;
    };
    const auto cached = co_await cache.serve(policy, wanted, read);
    reply.result(cached ? cached->status : 503);
    if (cached) reply.set("X-Cache", reprise::to_text(cached->outcome));
    if (cached) reply.body() = cached->body;
  }
}

int main(int, char** arguments) {
  asio::io_context io(1);
  reprise::redis_options redis;
  redis.port = static_cast<std::uint16_t>(std::stoi(arguments[2]));
  reprise::response_cache cache({}, reprise::make_redis_backend(redis, {io.get_executor()}),
                                reprise::make_volatile_log(), reprise::make_environment(), nullptr);
  asio::co_spawn(io, cache.run(), asio::detached);

  const route notes_route = [&](const request& asked, response& reply) { return answer(cache, asked, reply); };
  const asio::ip::tcp::endpoint here(asio::ip::address_v4::loopback(),
                                     static_cast<std::uint16_t>(std::stoi(arguments[1])));
  asio::co_spawn(io, listen(asio::ip::tcp::acceptor(io, here), notes_route), asio::detached);
  asio::signal_set stops(io, SIGINT, SIGTERM);
  stops.async_wait([&](auto, int) { io.stop(); });
  std::cout << "http://" << here << '\n' << std::flush;
  io.run();
}

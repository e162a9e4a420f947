// A cached count of what is in stock, whose invalidations are as durable as the count: both are in one SQLite file.
//
//   sqlite_log_example FILE REDIS_PORT get PRODUCT           prints HIT or MISS and the count
//   sqlite_log_example FILE REDIS_PORT set PRODUCT COUNT
//   sqlite_log_example FILE REDIS_PORT crash PRODUCT COUNT   dies after its commit and before the invalidation
#include "sqlite_log.hpp"

#include <reprise/backends.hpp>
#include <reprise/response_cache.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

const reprise::cache_policy policy{.prefix = "stock", .ttl = 600s, .audience = reprise::audience::thing};

asio::awaitable<void> get(reprise::response_cache& cache, database& data, const std::string& product) {
  reprise::cache_request wanted;
  wanted.thing = product;
  const reprise::origin count = [&]() -> asio::awaitable<reprise::origin_reply> {
    reprise::origin_reply reply;
    statement found(data, "SELECT count FROM stock WHERE product = ?", product);
    reply.body = found.step() ? found.text(0) : "0";
    co_return reply;
  };
  const auto answer = co_await cache.serve(policy, wanted, count);
  std::cout << reprise::to_text(answer.value().outcome) << ' ' << answer->body << '\n';
}

asio::awaitable<void> set(reprise::response_cache& cache, database& data, const std::string& product, int count,
                          bool dies) {
  std::vector<reprise::scope> changed{reprise::scope::of_thing("stock", product).value()};
  transaction write(data);
  statement(data, "INSERT OR REPLACE INTO stock VALUES (?, ?)", product, std::int64_t{count}).run();
  std::vector<std::int64_t> rows{sqlite_log::add_row(data, changed)};
  write.commit();
  if (dies) std::_Exit(1);
  const auto done = co_await cache.invalidate(changed, rows);
  done.value();
}

asio::awaitable<void> run(reprise::response_cache& cache, reprise::environment& world, char** arguments) {
  database data(arguments[1]);
  data.run("CREATE TABLE IF NOT EXISTS stock (product TEXT PRIMARY KEY, count INTEGER NOT NULL)");
  for (int i = 0; i < 500 && !cache.is_available(); ++i) co_await world.sleep(10ms);
  const std::string what = arguments[3], product = arguments[4];
  if (what == "get")
    co_await get(cache, data, product);
  else
    co_await set(cache, data, product, std::stoi(arguments[5]), what == "crash");
}

int main(int, char** arguments) try {
  asio::io_context io(1);
  reprise::redis_options redis;
  redis.port = static_cast<std::uint16_t>(std::stoi(arguments[2]));
  const auto world = reprise::make_environment();
  const auto log = std::make_shared<sqlite_log>(arguments[1]);
  reprise::response_cache cache({}, reprise::make_redis_backend(redis, {io.get_executor()}), log, world, nullptr);
  asio::co_spawn(io, cache.run(), asio::detached);
  std::exception_ptr fault;
  asio::co_spawn(io, run(cache, *world, arguments), [&](std::exception_ptr why) {
    fault = why;
    cache.stop();
  });
  io.run();
  if (fault) std::rethrow_exception(fault);
} catch (const std::exception& why) {
  std::cerr << "sqlite_log_example: " << why.what() << '\n';
  return 1;
}

// Caches what a function returns, in the Redis at 127.0.0.1:PORT, until somebody says that it has changed. No HTTP.
//
//   function_example PORT
#include <reprise/backends.hpp>
#include <reprise/response_cache.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

// What the data belongs to: a table, a file, another service. Here it is a map, and slow.
std::mutex mutex;
std::map<std::string, int> stock{{"tea", 3}};

std::string count_stock(const std::string& product) {
  std::this_thread::sleep_for(100ms);
  const std::lock_guard lock(mutex);
  return std::to_string(stock.at(product));
}

// It blocks, so it runs on threads of its own: the cache's has Redis to listen to, within 50 ms.
asio::thread_pool workers(4);

asio::awaitable<std::string> count_on_workers(const std::string& product) {
  const auto count = [&]() -> asio::awaitable<std::string> { co_return count_stock(product); };
  co_return co_await asio::co_spawn(workers, count, asio::use_awaitable);
}

// One scope for each product: when that changes, all that was kept of it is gone.
const reprise::cache_policy policy{.prefix = "stock", .ttl = 600s, .audience = reprise::audience::thing};

asio::awaitable<std::string> cached_stock(reprise::response_cache& cache, const std::string& product) {
  reprise::cache_request wanted;
  wanted.thing = product;
  const reprise::origin count = [&]() -> asio::awaitable<reprise::origin_reply> {
    reprise::origin_reply reply;  // its status is 200: what is not 2xx is not kept
    reply.body = co_await count_on_workers(product);
    co_return reply;
  };
  const auto answer = co_await cache.serve(policy, wanted, count);
  std::cout << reprise::to_text(answer.value().outcome) << ' ' << answer->body << '\n';
  co_return std::string(answer->body);
}

void change_stock(const std::string& product, int count) {
  const std::lock_guard lock(mutex);
  stock[product] = count;
}

// First the change, then the invalidation, then whoever waits for the change hears of it.
asio::awaitable<void> set_stock(reprise::response_cache& cache, const std::string& product, int count) {
  change_stock(product, count);
  std::vector<reprise::scope> changed{reprise::scope::of_thing("stock", product).value()};
  const auto done = co_await cache.invalidate(changed);
  done.value();  // throws: then nobody may be told that the change is seen everywhere
}

asio::awaitable<void> run(reprise::response_cache& cache, reprise::environment& world) {
  // Until the cache is connected and holds its lease, everything is a BYPASS; a program need not wait for that.
  for (int i = 0; i < 500 && !cache.is_available(); ++i) co_await world.sleep(10ms);
  co_await cached_stock(cache, "tea");
  co_await cached_stock(cache, "tea");
  co_await set_stock(cache, "tea", 2);
  co_await cached_stock(cache, "tea");
}

int main(int, char** arguments) try {
  asio::io_context io(1);
  reprise::redis_options redis;
  redis.port = static_cast<std::uint16_t>(std::stoi(arguments[1]));
  const auto world = reprise::make_environment();
  // The log of invalidations is in memory: right for data that ends with the process. See docs/library.md for others.
  reprise::response_cache cache({}, reprise::make_redis_backend(redis, {io.get_executor()}), reprise::make_volatile_log(),
                                world, nullptr);
  asio::co_spawn(io, cache.run(), asio::detached);
  std::exception_ptr fault;
  asio::co_spawn(io, run(cache, *world), [&](std::exception_ptr why) {
    fault = why;
    cache.stop();
  });
  io.run();
  if (fault) std::rethrow_exception(fault);
} catch (const std::exception& why) {
  std::cerr << "function_example: " << why.what() << '\n';
  return 1;
}

// One process's cache over a backend, for engine tests.
#pragma once

#include "tests/support/engine_world.hpp"

namespace reprise::testing {

using namespace std::chrono_literals;

inline std::shared_ptr<backend> backend_on(const redis_server& where, io& threads) {
  return make_redis_backend({.host = "127.0.0.1", .port = where.port(), .user = {}, .password = {}}, threads.executors());
}

struct node {
  io& threads;
  std::shared_ptr<memory_log> log;
  response_cache cache;
  std::future<void> keeper;
  cache_policy policy{.prefix = "bookings", .ttl = 600s, .vary_query = {"status"}};

  node(io& on, std::shared_ptr<backend> where, std::shared_ptr<memory_log> shared_log, options settings = {})
      : threads(on), log(std::move(shared_log)), cache(settings, std::move(where), log, make_environment(), nullptr) {
    keeper = threads.spawn(cache.run());
  }
  ~node() {
    cache.stop();
    keeper.wait_for(5s);
  }
  void wait_available() {
    if (!eventually([&] { return cache.is_available(); })) throw std::runtime_error("the cache never came into use");
  }
  // A GET of one user's list. The coroutine owns what it needs.
  asio::awaitable<result<cached_reply>> get(origin read, std::string user = "1") {
    cache_request request;
    request.user = user;
    request.role = "student";
    co_return co_await cache.serve(policy, request, read);
  }
  // A write's way: commit (value and row), invalidate, and only then acknowledged.
  asio::awaitable<void> write(gated_origin& data, std::string user = "1") {
    auto where = scope::of_user("bookings", user);
    std::vector<scope> scopes{*where};
    ++data.value;
    std::vector<std::int64_t> rows{log->commit(scopes)};
    (void)co_await cache.invalidate(scopes, rows);
  }
};

}  // namespace reprise::testing

// Caches handlers of cpp-httplib (https://github.com/yhirose/cpp-httplib). To be copied into a program that uses it.
//
//   cached_routes routes(redis, reprise::make_volatile_log());
//   server.Get("/notes", routes.cached(policy, who, handler));
//   …
//   if (!routes.invalidate({scope})) reply.status = 503;      // in a handler that writes, after its write
//
// cpp-httplib gives each request a thread that blocks; the cache lives on a thread of its own, and handlers whose replies
// are not cached run on a pool: so a slow one holds up nobody.
//
// Thread-safe. It must outlive the server.
#pragma once

#include <reprise/backends.hpp>
#include <reprise/response_cache.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <httplib.h>

#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

class cached_routes {
 public:
  // Who asks: user and role from a token that was verified, for audience::per_user; the thing for audience::thing.
  struct asker {
    std::string user = "anonymous", role = "guest", thing{};
  };
  using identify = std::function<asker(const httplib::Request&)>;

  // `handlers`: how many handlers of cached routes run at once.
  cached_routes(reprise::redis_options redis, std::shared_ptr<reprise::invalidation_log> log, std::size_t handlers = 8);
  ~cached_routes();

  // A handler that answers from the cache, or runs `handler` and keeps its reply where that is 2xx. Its replies have an
  // ETag and X-Cache: HIT, MISS or BYPASS. `handler` runs on another thread, while the request's own waits.
  httplib::Server::Handler cached(reprise::cache_policy policy, identify who, httplib::Server::Handler handler);
  // Blocks until no node can show what was before. False: do not acknowledge the write, answer 503.
  bool invalidate(std::vector<reprise::scope> changed);
  // Whether replies are kept now.
  bool is_available() const noexcept { return cache_.is_available(); }

 private:
  boost::asio::awaitable<reprise::origin_reply> run_handler(const httplib::Server::Handler& handler,
                                                            const httplib::Request& request);

  boost::asio::io_context loop_{1};
  boost::asio::thread_pool handlers_;
  reprise::response_cache cache_;
  std::future<void> keeper_;
  std::thread thread_;
};

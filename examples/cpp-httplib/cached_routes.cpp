#include "cached_routes.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <utility>

namespace asio = boost::asio;

namespace {

// What the cache gave, as a reply.
void write(const reprise::cached_reply& from, const httplib::Request& request, httplib::Response& to) {
  to.status = static_cast<int>(from.status);
  for (const auto& [name, value] : from.headers) to.set_header(name, value);
  to.set_header("X-Cache", reprise::to_text(from.outcome));
  if (!from.tag.empty()) {
    const auto tag = "W/\"" + std::string(from.tag) + "\"";
    to.set_header("ETag", tag);
    if (request.get_header_value("If-None-Match") == tag) {
      to.status = 304;
      return;
    }
  }
  to.set_content(std::string(from.body), std::string(from.content_type));
}

}  // namespace

cached_routes::cached_routes(reprise::redis_options redis, std::shared_ptr<reprise::invalidation_log> log,
                             std::size_t handlers)
    : handlers_(handlers), cache_({}, reprise::make_redis_backend(std::move(redis), {loop_.get_executor()}), std::move(log),
                                  reprise::make_environment(), nullptr) {
  keeper_ = asio::co_spawn(loop_, cache_.run(), asio::use_future);
  thread_ = std::thread([this] { loop_.run(); });
}

cached_routes::~cached_routes() {
  cache_.stop();
  thread_.join();  // when the keeper has ended, and what it began: then the loop has nothing left to do
}

httplib::Server::Handler cached_routes::cached(reprise::cache_policy policy, identify who,
                                               httplib::Server::Handler handler) {
  return [this, policy = std::move(policy), who = std::move(who), handler = std::move(handler)](
             const httplib::Request& request, httplib::Response& response) {
    const auto from = who(request);
    const reprise::parameters query(request.params.begin(), request.params.end());
    reprise::cache_request wanted;
    wanted.user = from.user;
    wanted.role = from.role;
    wanted.thing = from.thing;
    wanted.query = &query;
    const reprise::origin read = [&] { return run_handler(handler, request); };
    // All that the call refers to lives here, where this thread waits for it.
    const auto answer = asio::co_spawn(loop_, cache_.serve(policy, wanted, read), asio::use_future).get();
    if (answer) {
      write(*answer, request, response);
    } else {
      response.status = 503;
      response.set_header("Retry-After", "1");
    }
  };
}

asio::awaitable<reprise::origin_reply> cached_routes::run_handler(const httplib::Server::Handler& handler,
                                                                  const httplib::Request& request) {
  httplib::Response response;
  const auto run = [&]() -> asio::awaitable<void> {
    handler(request, response);
    co_return;
  };
  co_await asio::co_spawn(handlers_, run, asio::use_awaitable);
  reprise::origin_reply reply;
  reply.status = response.status == -1 ? 200 : static_cast<unsigned>(response.status);
  reply.body = std::move(response.body);
  for (auto& [name, value] : response.headers) {
    if (name == "Content-Type") reply.content_type = value;
    else reply.headers.emplace_back(name, value);
  }
  co_return reply;
}

bool cached_routes::invalidate(std::vector<reprise::scope> changed) {
  return asio::co_spawn(loop_, cache_.invalidate(std::move(changed)), asio::use_future).get().has_value();
}

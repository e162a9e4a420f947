#include "src/backends/redis/together.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <utility>

namespace reprise::redis {

namespace asio = boost::asio;

asio::awaitable<result<std::size_t>> together(std::vector<asio::awaitable<result<std::size_t>>> calls) {
  if (calls.empty()) co_return std::size_t{0};
  if (calls.size() == 1) co_return co_await std::move(calls.front());
  const auto executor = co_await asio::this_coro::executor;
  using operation = decltype(asio::co_spawn(executor, std::move(calls.front()), asio::deferred));
  std::vector<operation> operations;
  for (auto& call : calls) operations.push_back(asio::co_spawn(executor, std::move(call), asio::deferred));
  auto [order, exceptions, results] = co_await asio::experimental::make_parallel_group(std::move(operations))
                                          .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  std::size_t sum = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (exceptions[i]) std::rethrow_exception(exceptions[i]);
    if (!results[i]) co_return results[i].error();
    sum += *results[i];
  }
  co_return sum;
}

}  // namespace reprise::redis

#include "src/backends/redis/question.hpp"

#include "src/backends/redis/wire.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancel_after.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace reprise::redis {
namespace {

namespace asio = boost::asio;

// What must live until both the connection and the request are over.
struct asked {
  asked(asio::any_io_executor executor, const redis_options& at, std::shared_ptr<boost::redis::request> request)
      : options(at), wire(make_wire(std::move(executor), at, trouble)), what(std::move(request)) {}

  redis_options options;
  std::shared_ptr<wire_trouble> trouble = std::make_shared<wire_trouble>();
  boost::redis::connection wire;
  std::shared_ptr<boost::redis::request> what;
  boost::redis::generic_flat_response answer;
  std::string ended;  // why the connection is over
};

}  // namespace

asio::awaitable<result<std::shared_ptr<const boost::redis::generic_flat_response>>> ask(
    asio::any_io_executor executor, const redis_options& at, std::shared_ptr<boost::redis::request> what, std::string& why) {
  const auto one = std::make_shared<asked>(std::move(executor), at, std::move(what));
  one->what->get_config().cancel_if_not_connected = false;
  one->what->get_config().cancel_on_connection_lost = false;  // but when it is known why there is none
  one->wire.async_run(wire_config(one->options, "reprise"), [one](boost::system::error_code error) {
    one->ended = explain(error, *one->trouble, one->options);
    one->wire.cancel();
  });
  const auto limit = (at.tls ? 4 : 3) * at.connect_deadline;
  const auto [error, bytes] =
      co_await one->wire.async_exec(*one->what, one->answer, asio::cancel_after(limit, asio::as_tuple(asio::use_awaitable)));
  const bool was_connected = one->ended.empty();
  one->wire.cancel();
  if (error) {
    why = was_connected ? "no answer within " + std::to_string(limit.count()) + " ms" : one->ended;
    if (was_connected) co_return errc::timed_out;
    co_return errc::unavailable;
  }
  if (one->answer.has_error()) {
    why = fit_for_the_log(one->answer.error().diagnostic);
    co_return errc::refused;
  }
  co_return std::shared_ptr<const boost::redis::generic_flat_response>(one, &one->answer);
}

}  // namespace reprise::redis

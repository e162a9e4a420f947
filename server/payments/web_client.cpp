#include "server/payments/web_client.hpp"

#include "server/payments/web_engine.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace bookings {

namespace asio = boost::asio;

web_client::web_client(web_client_options options)
    : engine_(std::make_shared<engine>(std::move(options))), thread_([running = engine_] { running->run(); }) {}

web_client::~web_client() {
  close();
  thread_.join();
}

// Not a coroutine: what is sent is copied before anything is waited for.
asio::awaitable<web_result> web_client::send(const web_request& asked) {
  auto start = [](auto resume, std::shared_ptr<engine> with, web_request request) {
    auto slot = asio::get_associated_cancellation_slot(resume);
    const auto id = with->next_id();
    // The slot may outlive this client; then there is nothing left to cancel.
    if (slot.is_connected())
      slot.assign([weak = std::weak_ptr<engine>(with), id](asio::cancellation_type) {
        if (const auto there = weak.lock()) there->cancel(id);
      });
    // On the caller's executor: there alone the slot may be touched, and the coroutine goes on.
    const auto executor = asio::get_associated_executor(resume);
    auto tell = [executor, resume = std::move(resume)](web_result outcome) mutable {
      asio::post(executor, [resume = std::move(resume), outcome = std::move(outcome)]() mutable {
        if (auto done = asio::get_associated_cancellation_slot(resume); done.is_connected()) done.clear();
        std::move(resume)(std::move(outcome));
      });
    };
    with->add(id, std::move(request), std::move(tell));
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(web_result)>(std::move(start), asio::use_awaitable,
                                                                               engine_, asked);
}

void web_client::close() { engine_->close(); }

std::size_t web_client::calls() const { return engine_->calls(); }

}  // namespace bookings

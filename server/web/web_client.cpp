#include "server/web/web_client.hpp"

#include "reprise/trace.hpp"
#include "server/web/web_engine.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace bookings {

namespace asio = boost::asio;

namespace {

// Without user, port and path: the path may hold what is nobody else's business.
std::string_view host_of(std::string_view url) noexcept {
  if (const auto scheme = url.find("://"); scheme != url.npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (const auto user = url.rfind('@'); user != url.npos) url.remove_prefix(user + 1);
  const auto port = url.rfind(':');
  return port != url.npos && url.find(']', port) == url.npos ? url.substr(0, port) : url;
}

}  // namespace

web_client::web_client(web_client_options options)
    : engine_(std::make_shared<engine>(std::move(options))), thread_([running = engine_] { running->run(); }) {}

web_client::~web_client() {
  close();
  thread_.join();
}

asio::awaitable<web_result> web_client::call(std::shared_ptr<engine> with, web_request asked) {
  auto start = [](auto resume, std::shared_ptr<engine> by, web_request request) {
    auto slot = asio::get_associated_cancellation_slot(resume);
    const auto id = by->next_id();
    // The slot may outlive this client; then there is nothing left to cancel.
    if (slot.is_connected())
      slot.assign([weak = std::weak_ptr<engine>(by), id](asio::cancellation_type) {
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
    by->add(id, std::move(request), std::move(tell));
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(web_result)>(std::move(start), asio::use_awaitable,
                                                                               std::move(with), std::move(asked));
}

asio::awaitable<web_result> web_client::call_traced(std::shared_ptr<engine> with, std::unique_ptr<web_request> asked) {
  const auto executor = co_await asio::this_coro::executor;
  const auto trace = reprise::trace_of(executor);
  reprise::span work(trace, asked->body.empty() ? "GET" : "POST", reprise::span_kind::client);
  if (trace) {
    asked->headers.push_back("traceparent: " + reprise::to_traceparent(trace->now()));
    if (!trace->now().state.empty()) asked->headers.push_back("tracestate: " + trace->now().state);
  }
  if (work) work.set("server.address", std::string(host_of(asked->url)));
  auto replied = co_await call(std::move(with), std::move(*asked));
  if (replied) work.set("http.response.status_code", std::int64_t{replied->status});
  if (!replied || replied->status >= 400) work.fail();
  co_return replied;
}

// Not a coroutine: what is sent is copied before anything is waited for.
asio::awaitable<web_result> web_client::send(const web_request& asked) {
  return call_traced(engine_, std::make_unique<web_request>(asked));
}

void web_client::close() { engine_->close(); }

std::size_t web_client::calls() const { return engine_->calls(); }

}  // namespace bookings

// Routes that create, and clients that repeat: a POST with an Idempotency-Key does its work once, however often it
// comes.
//
// Two places make it so. The stage stands around the controllers: it knows a repetition before the controller looks at
// the request again, which may by now refuse what it took (a time that is past). And the controller writes through
// create(), which keeps the reply in the write's own transaction: of two that are equal and come at once, on whichever
// nodes, one writes.
//
// A repetition tells of the write, and so is an acknowledgement: it is given after the write's outbox rows have been
// invalidated, those that are still there (docs/architecture.md, "Repetitions").
//
// What failed is not kept: it wrote nothing, and the next try may succeed.
//
// Thread-safe. Must outlive the pipeline.
#pragma once

#include "server/caching/invalidations.hpp"
#include "server/http/pipeline.hpp"
#include "server/http/reply.hpp"
#include "server/stores/async_store.hpp"

#include <boost/asio/awaitable.hpp>

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace bookings::api {

class once {
 public:
  once(async_store& stores, caching::invalidator& invalidate) : stores_(stores), invalidate_(invalidate) {}

  // The stage, around another one. It takes POST requests of signed-in users that have the header; all others pass.
  http::around_stage around(http::around_stage next);

  // A controller's last line: writes, invalidates, and replies `status` with what was written, as `to_json` shows it.
  //   co_return co_await once_.create(what, "create_gig", write, shown);
  // `write(store&)` makes one write and returns its result<committed<T>>; it runs on the store's thread, inside the
  // transaction that keeps the reply. `unprocessable`, where given, is what is wrong if the store says
  // errc::unprocessable.
  template <class Write, class ToJson>
  boost::asio::awaitable<http::reply> create(http::request& what, std::string_view operation, Write write,
                                             ToJson to_json,
                                             const std::vector<http::field_error>* unprocessable = nullptr,
                                             unsigned status = 201) {
    const once_act act = [&](store& s) -> result<committed<kept_reply>> {
      auto done = write(s);
      if (!done) return done.error();
      const auto answer = http::success(status, to_json(done->value));
      kept_reply kept{answer.status, std::string(answer.body)};
      return committed<kept_reply>{std::move(kept), std::move(done->rows), std::move(done->shown_in)};
    };
    const auto done = co_await stores_.write(
        operation, [&](store& s) { return what.repetition ? s.once(*what.repetition, act) : act(s); });
    if (!done && done.error() == errc::unprocessable && unprocessable != nullptr)
      co_return http::failure(done.error(), what.request_id, *unprocessable);
    if (!done) co_return http::failure(done.error(), what.request_id);
    if (const auto told = co_await invalidate_.after(*done); !told)
      co_return http::failure(told.error(), what.request_id);
    co_return to_reply(done->value);
  }

 private:
  // A key whose first request is under way in this process, from its arrival to its reply. Between processes the
  // store's transaction decides, and the second waits for it.
  class place;

  static http::reply to_reply(const kept_reply& kept);
  boost::asio::awaitable<http::reply> pass(http::request& what, const http::route& where, const http::controller& next,
                                           const http::around_stage& inner);

  async_store& stores_;
  caching::invalidator& invalidate_;
  std::mutex mutex_;
  std::unordered_set<std::string> under_way_;  // guarded by mutex_
};

}  // namespace bookings::api

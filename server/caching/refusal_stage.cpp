#include "server/caching/refusal_stage.hpp"

namespace bookings::caching {
namespace {

using boost::asio::awaitable;
using boost::beast::http::verb;

// All but those that speak of the request alone (400, 413, 415, 429). A missing thing may be one that was deleted, a
// wrong password one that was changed.
bool may_tell_of_a_write(unsigned status) noexcept {
  return status == 401 || status == 403 || status == 404 || status == 409 || status == 422;
}

awaitable<http::reply> through(invalidator& invalidate, const http::around_stage& inner, http::request& what,
                               const http::route& where, const http::controller& next) {
  auto answer = co_await inner(what, where, next);
  if (!may_tell_of_a_write(answer.status)) co_return answer;
  if (const auto told = co_await invalidate.settled(); !told) co_return http::failure(told.error(), what.request_id);
  co_return answer;
}

}  // namespace

http::around_stage make_refusal_stage(invalidator& invalidate, http::around_stage inner) {
  return [&invalidate, inner = std::move(inner)](http::request& what, const http::route& where,
                                                 const http::controller& next) -> awaitable<http::reply> {
    // A read promises nothing about writes that nobody was told of.
    const bool is_read = what.method == verb::get || what.method == verb::head;
    return is_read ? inner(what, where, next) : through(invalidate, inner, what, where, next);
  };
}

}  // namespace bookings::caching

#include "server/caching/invalidations.hpp"

#include "server/caching/session_check.hpp"

#include <spdlog/spdlog.h>

namespace bookings::caching {

using reprise::scope;

std::vector<scope> scopes_of(const change& what, const showing& elsewhere) {
  std::vector<scope> scopes;
  const auto add = [&scopes](std::optional<scope> one) {
    if (one) scopes.push_back(std::move(*one));
  };
  switch (what.kind) {
    case change_kind::user_bookings:
      add(scope::of_user("bookings", what.id));
      break;
    case change_kind::gig:
      add(scope::of_thing("gigs", what.id));
      add(scope::shared("gigs"));
      break;
    case change_kind::user_profile:
    case change_kind::user_name:
      add(scope::of_thing("users", what.id));
      break;
    case change_kind::gig_reviews:
      add(scope::of_thing("reviews", what.id));
      break;
    case change_kind::teacher_reviews:
      add(scope::of_thing("reviews", what.id));
      add(scope::of_thing("users", what.id));  // shows the rating
      break;
    case change_kind::session:
      add(scope::of_user(sessions_prefix, what.id));
      break;
    case change_kind::scope:
      add(scope::parse(what.id));
      break;
  }
  for (const auto& user : elsewhere.booking_lists) add(scope::of_user("bookings", user));
  for (const auto& gig : elsewhere.gig_pages) add(scope::of_thing("gigs", gig));
  if (!elsewhere.gig_pages.empty()) add(scope::shared("gigs"));
  for (const auto& subject : elsewhere.review_lists) add(scope::of_thing("reviews", subject));
  return scopes;
}

boost::asio::awaitable<result<void>> invalidator::after(const std::vector<outbox_row>& rows, const showing& seen) {
  std::vector<scope> scopes;
  std::vector<std::int64_t> numbers;
  bool complete = true;
  for (const auto& row : rows) {
    auto elsewhere = seen;
    if (is_shown_elsewhere(row.what)) {
      // What the transaction saw and what is there after the commit: either alone misses a concurrent booking.
      const auto now = co_await stores_.upkeep("places_showing", [&](store& s) { return s.places_showing(row.what); });
      if (now)
        elsewhere.add(*now);
      else
        complete = false;
    }
    auto more = scopes_of(row.what, elsewhere);
    scopes.insert(scopes.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    numbers.push_back(row.number);
  }
  if (rows.empty()) co_return result<void>();  // what nobody else is shown
  // Where the store could not say who is shown it, nothing may be credited: the relay asks it again.
  if (!complete) co_return errc::not_acknowledged;
  const auto told = co_await cache_.invalidate(std::move(scopes), std::move(numbers));
  if (!told) co_return errc::not_acknowledged;
  co_return result<void>();
}

boost::asio::awaitable<result<void>> invalidator::settled() {
  const auto told = co_await cache_.wait_settled();
  if (!told) co_return errc::unsettled;
  co_return result<void>();
}

}  // namespace bookings::caching

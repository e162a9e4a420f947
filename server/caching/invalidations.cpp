#include "server/caching/invalidations.hpp"

#include <spdlog/spdlog.h>

namespace bookings::caching {

using reprise::scope;

std::vector<scope> scopes_of(const change& what, const std::vector<id>& shown_to) {
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
      for (const auto& user : shown_to) add(scope::of_user("bookings", user));  // they show its title, subject and price
      break;
  }
  return scopes;
}

bool is_shown_elsewhere(const change& what) noexcept { return what.kind == change_kind::gig; }

boost::asio::awaitable<void> invalidator::after(std::vector<outbox_row> rows, std::vector<id> shown_to) {
  std::vector<scope> scopes;
  std::vector<std::int64_t> numbers;
  bool complete = true;
  for (const auto& row : rows) {
    auto shown = shown_to;
    if (is_shown_elsewhere(row.what)) {
      // What the transaction saw and what is there after the commit: either alone misses a concurrent booking.
      const auto now = co_await stores_.upkeep("users_showing_gig", [&](store& s) { return s.users_showing_gig(row.what.id); });
      if (now)
        shown.insert(shown.end(), now->begin(), now->end());
      else
        complete = false;
    }
    auto more = scopes_of(row.what, shown);
    scopes.insert(scopes.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    numbers.push_back(row.number);
  }
  // Where the store could not say who is shown it, the rows stay pending, and the relay asks again.
  if (!complete) numbers.clear();
  (void)co_await cache_.invalidate(std::move(scopes), std::move(numbers));
}

}  // namespace bookings::caching

// Which lists and pages show a thing that they do not own: the store's answer to "whom does this change concern?".
#include "server/stores/sqlite/showing_queries.hpp"
#include "server/stores/sqlite/sqlite_calls.hpp"

namespace bookings {

using sqlite::connection;

namespace sqlite {
namespace {

std::vector<id> ids_of(connection& on, std::string_view sql, const id& about) {
  auto query = on.use(sql);
  query.bind(about);
  std::vector<id> ids;
  while (query.step()) ids.push_back(query.text(0));
  return ids;
}

// Who has a booking with somebody sees their own name in their own list too.
std::vector<id> with_self(std::vector<id> others, const id& self) {
  if (!others.empty()) others.push_back(self);
  return others;
}

}  // namespace

showing showing_of(connection& on, const change& what) {
  switch (what.kind) {
    case change_kind::gig:
      return {.booking_lists = ids_of(on, users_showing_gig, what.id),
              .gig_pages = {},  // its own is no other's
              .review_lists = ids_of(on, review_lists_showing_gig, what.id)};
    case change_kind::user_name:
      return {.booking_lists = with_self(ids_of(on, users_showing_user, what.id), what.id),
              .gig_pages = ids_of(on, gigs_of_user, what.id),
              .review_lists = ids_of(on, review_lists_showing_user, what.id)};
    case change_kind::user_bookings:
    case change_kind::user_profile:
    case change_kind::gig_reviews:
    case change_kind::teacher_reviews:
    case change_kind::session:
    case change_kind::scope:
    case change_kind::unknown: break;
  }
  return {};
}

}  // namespace sqlite

result<showing> sqlite_store::places_showing(const change& what) {
  return read("places_showing", [&](connection& on) -> result<showing> { return sqlite::showing_of(on, what); });
}

}  // namespace bookings

// The trail in MongoDB. Entries stand in the order of their numbers, which are given as their writes commit.
#include "server/stores/mongo/mongo_calls.hpp"
#include "server/stores/mongo/paging.hpp"
#include "server/stores/mongo/rows.hpp"

namespace bookings {

using mongo::document;
using mongo::link;
using mongo::make;
using mongo::unit;

namespace mongo {

void note(unit& work, const act& what) {
  const time_point at{std::chrono::milliseconds{work.on().now()}};
  work.insert(trail, to_document({make_id(), at, what}, take_numbers(work.on(), "trail", 1)));
}

}  // namespace mongo

result<void> mongo_store::append_trail(const act& what) {
  return write("append_trail", [&](unit& work) -> result<void> {
    mongo::note(work, what);
    return {};
  });
}

result<page<trail_entry>> mongo_store::list_trail(const page_request& wanted) {
  return read("list_trail", [&](link& on) -> result<page<trail_entry>> {
    return mongo::read_page(on, mongo::trail, {}, make("number", -1), wanted, mongo::trail_views);
  });
}

}  // namespace bookings

// The trail in SQLite. Entries stand in the order of their commits: the number that SQLite gives is the order of the
// list.
#include "server/stores/sqlite/list_queries.hpp"
#include "server/stores/sqlite/paging.hpp"
#include "server/stores/sqlite/rows.hpp"
#include "server/stores/sqlite/sqlite_calls.hpp"

namespace bookings {

using sqlite::connection;
using sqlite::statement;

namespace sqlite {

void note(connection& on, const act& what) {
  const auto now = on.now();
  on.use("INSERT INTO trail (id, at, actor, action, subject_kind, subject_id, reason) VALUES (?, ?, ?, ?, ?, ?, ?)")
      .bind(make_id(), now, what.actor, to_text(what.action), to_text(what.subject), what.subject_id, what.reason)
      .run();
}

}  // namespace sqlite

result<void> sqlite_store::append_trail(const act& what) {
  return write("append_trail", [&](connection& on) -> result<void> {
    sqlite::note(on, what);
    return {};
  });
}

result<page<trail_entry>> sqlite_store::list_trail(const page_request& wanted) {
  return read("list_trail", [&](connection& on) -> result<page<trail_entry>> {
    return sqlite::read_page<trail_entry>(on, sqlite::list_trail_sql(), wanted, [](statement&) {}, sqlite::read_trail);
  });
}

}  // namespace bookings

// Gigs in SQLite.
#include "server/stores/sqlite/list_queries.hpp"
#include "server/stores/sqlite/paging.hpp"
#include "server/stores/sqlite/rows.hpp"
#include "server/stores/sqlite/sqlite_calls.hpp"

namespace bookings {

using sqlite::connection;
using sqlite::statement;

namespace {

// A deleted gig is not there.
result<gig> find_offered(connection& on, const id& gig_id) {
  static const std::string sql = std::string(sqlite::select_gigs) + " WHERE g.id = ? AND g.deleted_at IS NULL";
  auto query = on.use(sql);
  if (!query.bind(gig_id).step()) return errc::not_found;
  return sqlite::read_gig(query);
}

result<gig> find_owned(connection& on, const id& gig_id, const id& owner) {
  auto found = find_offered(on, gig_id);
  if (!found) return found;
  if (const auto allowed = check_owner(*found, owner); !allowed) return allowed.error();
  return found;
}

// After the statement that changed the gig, in its transaction.
committed<gig> commit_of(connection& on, gig changed) {
  std::vector<outbox_row> rows{sqlite::emit(on, {change_kind::gig, changed.id})};
  auto places = sqlite::showing_of(on, rows.front().what);
  return {std::move(changed), std::move(rows), std::move(places)};
}

}  // namespace

result<page<gig>> sqlite_store::list_gigs(const gig_query& query) {
  const auto patterns = query.search ? sqlite::search_patterns(*query.search) : std::vector<std::string>{};
  const auto bind = [&](statement& list) {
    if (query.subject) list.bind(*query.subject);
    if (query.teacher_id) list.bind(*query.teacher_id);
    for (const auto& pattern : patterns) list.bind(pattern);
  };
  return read("list_gigs", [&](connection& on) -> result<page<gig>> {
    return sqlite::read_page<gig>(on, sqlite::list_gigs_sql(query, patterns.size()), query.page, bind,
                                  sqlite::read_gig);
  });
}

result<gig> sqlite_store::find_gig(const id& gig_id) {
  return read("find_gig", [&](connection& on) { return find_offered(on, gig_id); });
}

result<committed<gig>> sqlite_store::create_gig(const gig& offer) {
  return write("create_gig", [&](connection& on) -> result<committed<gig>> {
    if (const auto teacher = sqlite::look_up_living_user(on, offer.teacher_id); !teacher) return teacher.error();
    on.use("INSERT INTO gigs (id, teacher_id, title, subject, description, price, created_at, updated_at)"
           " VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(offer.id, offer.teacher_id, offer.title, offer.subject, offer.description, offer.price, offer.created_at,
              offer.updated_at)
        .run();
    auto created = find_offered(on, offer.id);
    if (!created) return created.error();
    return commit_of(on, std::move(*created));
  });
}

result<committed<gig>> sqlite_store::update_gig(const id& gig_id, const id& owner, const gig_changes& changes) {
  return write("update_gig", [&](connection& on) -> result<committed<gig>> {
    auto found = find_owned(on, gig_id, owner);
    if (!found) return found.error();
    gig changed = std::move(*found);
    apply(changes, changed);
    changed.updated_at = now();
    on.use("UPDATE gigs SET title = ?, subject = ?, description = ?, price = ?, updated_at = ? WHERE id = ?")
        .bind(changed.title, changed.subject, changed.description, changed.price, changed.updated_at, gig_id)
        .run();
    // A row also where nothing differs: the answer tells of what is there, and so waits for its invalidation.
    return commit_of(on, std::move(changed));
  });
}

result<committed<gig>> sqlite_store::delete_gig(const id& gig_id, const id& owner) {
  return write("delete_gig", [&](connection& on) -> result<committed<gig>> {
    auto found = find_owned(on, gig_id, owner);
    if (!found) return found.error();
    on.use("UPDATE gigs SET deleted_at = ? WHERE id = ?").bind(now(), gig_id).run();
    return commit_of(on, std::move(*found));
  });
}

}  // namespace bookings

// Profiles in SQLite: what everybody sees of a user, and what a user changes of themselves.
#include "server/stores/sqlite/rows.hpp"
#include "server/stores/sqlite/sqlite_calls.hpp"

#include <algorithm>

namespace bookings {

using sqlite::connection;

namespace {

bool is_rename(const outbox_row& row) { return row.what.kind == change_kind::user_name; }

}  // namespace

result<public_profile> sqlite_store::find_profile(const id& user_id) {
  return read("find_profile", [&](connection& on) -> result<public_profile> {
    const auto account = sqlite::look_up_living_user(on, user_id);
    if (!account) return account.error();
    auto shown = profile_of(*account);
    if (shown.role != role::teacher) return shown;
    // An index holds teacher and rating side by side.
    auto query = on.use("SELECT count(*), coalesce(sum(rating), 0) FROM reviews WHERE teacher_id = ?");
    query.bind(user_id).step();
    shown.reviews = query.number(0);
    shown.ratings_sum = query.number(1);
    return shown;
  });
}

result<committed<user>> sqlite_store::update_profile(const id& user_id, const profile_changes& changes) {
  return write("update_profile", [&](connection& on) -> result<committed<user>> {
    auto account = sqlite::look_up_living_user(on, user_id);
    if (!account) return account.error();
    apply(changes, *account);
    const auto& about = account->about;
    on.use("UPDATE users SET name = ?, bio = ?, phone = ?, address = ?, city = ?, postcode = ?, country = ?"
           " WHERE id = ?")
        .bind(account->name, about.bio, about.phone, about.address, about.city, about.postcode, about.country, user_id)
        .run();
    committed<user> written{std::move(*account), sqlite::emit_all(on, changes_of(changes, user_id)), {}};
    const auto rename = std::find_if(written.rows.begin(), written.rows.end(), is_rename);
    if (rename != written.rows.end()) written.shown_in = sqlite::showing_of(on, rename->what);
    return written;
  });
}

}  // namespace bookings

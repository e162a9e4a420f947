// Accounts in SQLite.
#include "server/stores/sqlite/rows.hpp"
#include "server/stores/sqlite/sqlite_calls.hpp"

namespace bookings {

using sqlite::connection;

namespace {

const std::string user_by_id = std::string(sqlite::select_users) + " WHERE id = ?";
const std::string user_by_email = std::string(sqlite::select_users) + " WHERE email = ?";

result<user> find_one(connection& on, const std::string& sql, const std::string& key) {
  auto query = on.use(sql);
  if (!query.bind(key).step()) return errc::not_found;
  return sqlite::read_user(query);
}

}  // namespace

namespace sqlite {

result<user> look_up_user(connection& on, const id& user_id) { return find_one(on, user_by_id, user_id); }

result<user> look_up_living_user(connection& on, const id& user_id) {
  auto found = look_up_user(on, user_id);
  if (found && found->state == account_state::deleted) return errc::not_found;
  return found;
}

}  // namespace sqlite

result<void> sqlite_store::create_user(const user& account) {
  return write("create_user", [&](connection& on) -> result<void> {
    // Looked at under the write lock, so that nobody can take it in between; the column is unique besides.
    if (find_one(on, user_by_email, account.email)) return errc::email_taken;
    const auto& about = account.about;
    on.use("INSERT INTO users (id, email, name, role, password_hash, created_at, bio, phone, address, city, postcode,"
           " country) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(account.id, account.email, account.name, to_text(account.role), account.password_hash,
              account.created_at, about.bio, about.phone, about.address, about.city, about.postcode, about.country)
        .run();
    return {};
  });
}

result<user> sqlite_store::find_user_by_email(const std::string& email) {
  return read("find_user_by_email", [&](connection& on) { return find_one(on, user_by_email, email); });
}

result<user> sqlite_store::find_user(const id& user_id) {
  return read("find_user", [&](connection& on) { return sqlite::look_up_user(on, user_id); });
}

}  // namespace bookings

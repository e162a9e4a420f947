// What ends tokens, in SQLite. Each write raises the user's token version, or leaves everything as it is.
#include "server/stores/sqlite/rows.hpp"
#include "server/stores/sqlite/sqlite_calls.hpp"

namespace bookings {

using sqlite::connection;

namespace {

result<session> find_one(connection& on, const id& user_id) {
  static const std::string sql = std::string(sqlite::select_sessions) + " WHERE id = ?";
  auto query = on.use(sql);
  if (!query.bind(user_id).step()) return errc::not_found;
  return sqlite::read_session(query);
}

// As find_one, for writes: a deleted account is not there.
result<session> find_living(connection& on, const id& user_id) {
  auto found = find_one(on, user_id);
  if (found && found->state == account_state::deleted) return errc::not_found;
  return found;
}

void end_tokens(connection& on, const id& user_id) {
  on.use("UPDATE users SET token_version = token_version + 1 WHERE id = ?").bind(user_id).run();
}

void set_password(connection& on, const id& user_id, const std::string& hash) {
  on.use("UPDATE users SET password_hash = ? WHERE id = ?").bind(hash, user_id).run();
  end_tokens(on, user_id);
}

// After the statements that changed it, in their transaction.
result<committed<session>> commit_of(connection& on, const id& user_id) {
  auto now = find_one(on, user_id);
  if (!now) return now.error();
  return committed<session>{*now, {sqlite::emit(on, {change_kind::session, user_id})}, {}};
}

result<session> find_administered(connection& on, const act& what) {
  if (const auto allowed = check_administration(what.actor, what.subject_id); !allowed) return allowed.error();
  return find_living(on, what.subject_id);
}

result<committed<session>> move_to(connection& on, account_state wanted, const act& what) {
  const auto& user_id = what.subject_id;
  const auto found = find_administered(on, what);
  if (!found) return found.error();
  if (found->state != wanted) {
    on.use("UPDATE users SET state = ? WHERE id = ?").bind(to_text(wanted), user_id).run();
    end_tokens(on, user_id);
    sqlite::note(on, what);
  }
  // A row also where nothing changes: the answer tells of what is there, and so waits for its invalidation.
  return commit_of(on, user_id);
}

}  // namespace

result<session> sqlite_store::find_session(const id& user_id) {
  return read("find_session", [&](connection& on) { return find_one(on, user_id); });
}

result<committed<session>> sqlite_store::end_sessions(const id& user_id) {
  return write("end_sessions", [&](connection& on) -> result<committed<session>> {
    if (const auto found = find_living(on, user_id); !found) return found.error();
    end_tokens(on, user_id);
    return commit_of(on, user_id);
  });
}

result<committed<session>> sqlite_store::change_password(const id& user_id, const std::string& password_hash,
                                                         std::int64_t if_version) {
  return write("change_password", [&](connection& on) -> result<committed<session>> {
    const auto found = find_living(on, user_id);
    if (!found) return found.error();
    if (if_version != found->token_version) return errc::unauthorized;
    set_password(on, user_id, password_hash);
    return commit_of(on, user_id);
  });
}

result<void> sqlite_store::rehash_password(const id& user_id, const std::string& old_hash,
                                           const std::string& new_hash) {
  return write("rehash_password", [&](connection& on) -> result<void> {
    on.use("UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?")
        .bind(new_hash, user_id, old_hash)
        .run();
    return {};
  });
}

result<committed<session>> sqlite_store::reset_password(const id& user_id, const std::string& password_hash,
                                                        const id& admin) {
  const act what{admin, trail_action::reset_password, trail_subject::user, user_id};
  return write("reset_password", [&](connection& on) -> result<committed<session>> {
    if (const auto found = find_administered(on, what); !found) return found.error();
    set_password(on, user_id, password_hash);
    sqlite::note(on, what);
    return commit_of(on, user_id);
  });
}

result<committed<session>> sqlite_store::block_user(const id& user_id, const id& admin,
                                                    const std::optional<std::string>& reason) {
  const act what{admin, trail_action::block_user, trail_subject::user, user_id, reason};
  return write("block_user", [&](connection& on) { return move_to(on, account_state::blocked, what); });
}

result<committed<session>> sqlite_store::unblock_user(const id& user_id, const id& admin,
                                                      const std::optional<std::string>& reason) {
  const act what{admin, trail_action::unblock_user, trail_subject::user, user_id, reason};
  return write("unblock_user", [&](connection& on) { return move_to(on, account_state::active, what); });
}

}  // namespace bookings

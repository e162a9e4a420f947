// What ends tokens, in MongoDB. Each write raises the user's token version, or leaves everything as it is.
#include "server/stores/mongo/mongo_calls.hpp"
#include "server/stores/mongo/rows.hpp"

namespace bookings {

using mongo::document;
using mongo::link;
using mongo::make;
using mongo::ref;
using mongo::unit;

namespace {

// As it is now, and stays until the unit's end.
result<document> lock_living(unit& work, const id& user_id) {
  work.lock({mongo::lock_of_user(user_id)});
  return mongo::look_up_living_user(work.on(), user_id);
}

// Sets `members` of the user and ends all tokens.
session end_tokens(unit& work, const document& account, document members) {
  auto ends = mongo::read_session(account);
  members.add("tokenVersion", ++ends.token_version);
  work.set(mongo::users, account, members);
  return ends;
}

committed<session> commit_of(unit& work, const id& user_id, const session& now) {
  return {now, work.emit({{change_kind::session, user_id}}), {}};
}

result<document> lock_administered(unit& work, const act& what) {
  if (const auto allowed = check_administration(what.actor, what.subject_id); !allowed) return allowed.error();
  work.lock({mongo::lock_of_admins()});  // somebody may be about to become the last of them
  return lock_living(work, what.subject_id);
}

result<committed<session>> move_to(unit& work, account_state wanted, const act& what) {
  const auto found = lock_administered(work, what);
  if (!found) return found.error();
  auto now = mongo::read_session(*found);
  if (now.state != wanted) {
    now = end_tokens(work, *found, make("state", to_text(wanted)));
    now.state = wanted;
    mongo::note(work, what);
  }
  // A row also where nothing changes: the answer tells of what is there, and so waits for its invalidation.
  return commit_of(work, what.subject_id, now);
}

}  // namespace

result<session> mongo_store::find_session(const id& user_id) {
  return read("find_session", [&](link& on) -> result<session> {
    const auto found = mongo::look_up(on, mongo::users, user_id);
    if (!found) return found.error();
    return mongo::read_session(*found);
  });
}

result<committed<session>> mongo_store::end_sessions(const id& user_id) {
  return write("end_sessions", [&](unit& work) -> result<committed<session>> {
    const auto found = lock_living(work, user_id);
    if (!found) return found.error();
    return commit_of(work, user_id, end_tokens(work, *found, {}));
  });
}

result<committed<session>> mongo_store::change_password(const id& user_id, const std::string& password_hash,
                                                        std::int64_t if_version) {
  return write("change_password", [&](unit& work) -> result<committed<session>> {
    const auto found = lock_living(work, user_id);
    if (!found) return found.error();
    if (mongo::read_session(*found).token_version != if_version) return errc::unauthorized;
    return commit_of(work, user_id, end_tokens(work, *found, make("password", password_hash)));
  });
}

result<void> mongo_store::rehash_password(const id& user_id, const std::string& old_hash, const std::string& new_hash) {
  return write("rehash_password", [&](unit& work) -> result<void> {
    work.lock({mongo::lock_of_user(user_id)});
    const auto found = work.on().find_one(mongo::users, make("_id", ref(user_id), "password", old_hash));
    if (found) work.set(mongo::users, *found, make("password", new_hash));
    return {};
  });
}

result<committed<session>> mongo_store::reset_password(const id& user_id, const std::string& password_hash,
                                                       const id& admin) {
  const act what{admin, trail_action::reset_password, trail_subject::user, user_id};
  return write("reset_password", [&](unit& work) -> result<committed<session>> {
    const auto found = lock_administered(work, what);
    if (!found) return found.error();
    const auto now = end_tokens(work, *found, make("password", password_hash));
    mongo::note(work, what);
    return commit_of(work, user_id, now);
  });
}

result<committed<session>> mongo_store::block_user(const id& user_id, const id& admin,
                                                   const std::optional<std::string>& reason) {
  const act what{admin, trail_action::block_user, trail_subject::user, user_id, reason};
  return write("block_user", [&](unit& work) { return move_to(work, account_state::blocked, what); });
}

result<committed<session>> mongo_store::unblock_user(const id& user_id, const id& admin,
                                                     const std::optional<std::string>& reason) {
  const act what{admin, trail_action::unblock_user, trail_subject::user, user_id, reason};
  return write("unblock_user", [&](unit& work) { return move_to(work, account_state::active, what); });
}

}  // namespace bookings

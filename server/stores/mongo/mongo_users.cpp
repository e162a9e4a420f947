// Accounts in MongoDB.
#include "server/stores/mongo/mongo_calls.hpp"
#include "server/stores/mongo/rows.hpp"

namespace bookings {

using mongo::document;
using mongo::link;
using mongo::make;
using mongo::ref;

namespace mongo {

result<document> look_up(link& on, const char* collection, const id& which) {
  auto found = on.find_one(collection, make("_id", ref(which)));
  if (!found) return errc::not_found;
  return std::move(*found);
}

result<document> look_up_living_user(link& on, const id& user_id) {
  auto found = look_up(on, users, user_id);
  if (found && read_session(*found).state == account_state::deleted) return errc::not_found;
  return found;
}

}  // namespace mongo

// No outbox row, so it is one document; the unique index decides between two.
result<void> mongo_store::create_user(const user& account) {
  return read("create_user", [&](link& on) -> result<void> {
    try {
      on.insert(mongo::users, mongo::to_document(account));
    } catch (const mongo::failure& error) {
      if (error.which() != mongo::failure::kind::duplicate) throw;
      // The driver tries again where an answer is lost, and may then meet what it wrote itself.
      const auto same = make("_id", ref(account.id), "email", account.email, "password", account.password_hash);
      if (on.find_one(mongo::users, same)) return {};
      if (on.find_one(mongo::users, make("email", account.email))) return errc::email_taken;
      throw;
    }
    return {};
  });
}

result<user> mongo_store::find_user_by_email(const std::string& email) {
  return read("find_user_by_email", [&](link& on) -> result<user> {
    const auto found = on.find_one(mongo::users, make("email", email));
    if (!found) return errc::not_found;
    return mongo::read_user(*found);
  });
}

result<user> mongo_store::find_user(const id& user_id) {
  return read("find_user", [&](link& on) -> result<user> {
    const auto found = mongo::look_up(on, mongo::users, user_id);
    if (!found) return found.error();
    return mongo::read_user(*found);
  });
}

}  // namespace bookings

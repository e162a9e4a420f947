// An account as a whole in MongoDB: its export, and its end. Everything that is a user's is written under that user's
// lock, so both see one moment.
#include "server/stores/mongo/gateway_payment_rows.hpp"
#include "server/stores/mongo/mongo_calls.hpp"
#include "server/stores/mongo/rows.hpp"

namespace bookings {

using mongo::document;
using mongo::link;
using mongo::make;
using mongo::ref;
using mongo::unit;

namespace {

std::vector<document> all(link& on, const char* collection, const document& filter) {
  return on.find(collection, filter, {.sort = make("createdAt", 1, "_id", 1)});
}

document either_party(const id& user_id) {
  return make("$or", std::vector<document>{make("student", ref(user_id)), make("teacher", ref(user_id))});
}

// A lesson that began is to come until it is over.
bool has_lessons_to_come(link& on, const id& user_id) {
  auto filter = either_party(user_id);
  filter.add("status", to_text(booking_status::accepted));
  for (const auto& each : on.find(mongo::bookings_, filter, {.fields = make("scheduledAt", 1, "durationMinutes", 1)})) {
    if (each.time("scheduledAt") + std::chrono::minutes{each.number_or("durationMinutes", 60)} > now()) return true;
  }
  return false;
}

bool is_last_admin(link& on, const id& user_id) {
  for (const auto& each : on.find(mongo::users, make("role", to_text(role::admin)))) {
    if (each.reference("_id") != user_id && mongo::read_session(each).state == account_state::active) return false;
  }
  return true;
}

// What is still to be decided is over. The lists that show it are those that show the name.
void cancel_pending(unit& work, const id& user_id) {
  auto filter = either_party(user_id);
  filter.add("status", to_text(booking_status::pending));
  for (const auto& each : work.on().find(mongo::bookings_, filter))
    work.set(mongo::bookings_, each, make("status", to_text(booking_status::cancelled), "updatedAt", now()));
}

// Returns the gigs that were offered until now.
std::vector<change> withdraw_gigs(unit& work, const id& user_id) {
  std::vector<change> changes;
  for (const auto& each : work.on().find(mongo::gigs, make("teacher", ref(user_id), "deletedAt", nullptr))) {
    changes.push_back({change_kind::gig, each.reference("_id")});
    work.set(mongo::gigs, each, make("deletedAt", now()));
  }
  return changes;
}

void erase_person(unit& work, const document& account, const std::string& unusable_hash, std::int64_t token_version) {
  const auto user_id = account.reference("_id");
  work.set(mongo::users, account,
           make("name", deleted_name, "email", deleted_email(user_id), "password", unusable_hash, "state",
                to_text(account_state::deleted), "tokenVersion", token_version, "bio", nullptr, "phone", nullptr, "address",
                nullptr, "city", nullptr, "postcode", nullptr, "country", nullptr));
  for (const auto& each : work.on().find(mongo::gateway_payments, make("student", ref(user_id), "customer", make("$ne", nullptr))))
    work.set(mongo::gateway_payments, each, make("customer", nullptr));
  work.remove_all(mongo::kept_replies, make("user", user_id));  // they hold what the person was answered
}

}  // namespace

result<account_export> mongo_store::export_account(const id& user_id) {
  return write("export_account", [&](unit& work) -> result<account_export> {
    work.lock({mongo::lock_of_user(user_id)});
    auto& on = work.on();
    const auto account = mongo::look_up_living_user(on, user_id);
    if (!account) return account.error();
    account_export whole;
    whole.account = mongo::read_user(*account);
    whole.bookings = mongo::views_of(on, all(on, mongo::bookings_, either_party(user_id)), mongo::booking_views);
    whole.gigs = mongo::views_of(on, all(on, mongo::gigs, make("teacher", ref(user_id))), mongo::gig_views);
    whole.reviews_written = mongo::views_of(on, all(on, mongo::reviews, make("student", ref(user_id))), mongo::review_views);
    whole.reviews_received = mongo::views_of(on, all(on, mongo::reviews, make("teacher", ref(user_id))), mongo::review_views);
    whole.manual_payments =
        mongo::views_of(on, all(on, mongo::manual_payments, make("student", ref(user_id))), mongo::manual_payment_views);
    for (const auto& each : all(on, mongo::gateway_payments, make("student", ref(user_id))))
      whole.payments.push_back(mongo::read_gateway_payment(each));
    return whole;
  });
}

result<committed<session>> mongo_store::delete_account(const id& user_id, const std::string& unusable_hash,
                                                       std::int64_t if_version) {
  return write("delete_account", [&](unit& work) -> result<committed<session>> {
    auto& on = work.on();
    // Bookings are written under the locks of both their parties: either keeps all others away from them.
    work.lock({mongo::lock_of_admins(), mongo::lock_of_user(user_id)});
    const auto account = mongo::look_up_living_user(on, user_id);
    if (!account) return account.error();
    auto ends = mongo::read_session(*account);
    if (ends.token_version != if_version) return errc::unauthorized;
    const account_ties ties{has_lessons_to_come(on, user_id), ends.role == role::admin && is_last_admin(on, user_id)};
    if (const auto allowed = check_deletion(ties); !allowed) return allowed.error();

    // Where the name is shown now: afterwards the gigs among it are gone.
    const change renamed{change_kind::user_name, user_id};
    auto shown_in = mongo::showing_of(on, renamed);
    cancel_pending(work, user_id);
    auto changes = withdraw_gigs(work, user_id);
    erase_person(work, *account, unusable_hash, ends.token_version + 1);
    changes.push_back(renamed);
    changes.push_back({change_kind::session, user_id});
    ends.token_version += 1;
    ends.state = account_state::deleted;
    return committed<session>{ends, work.emit(changes), std::move(shown_in)};
  });
}

}  // namespace bookings

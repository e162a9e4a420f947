// Profiles in MongoDB: what everybody sees of a user, and what a user changes of themselves.
#include "server/stores/mongo/mongo_calls.hpp"
#include "server/stores/mongo/rows.hpp"

namespace bookings {

using mongo::document;
using mongo::link;
using mongo::make;
using mongo::ref;
using mongo::unit;

result<public_profile> mongo_store::find_profile(const id& user_id) {
  return read("find_profile", [&](link& on) -> result<public_profile> {
    const auto account = mongo::look_up_living_user(on, user_id);
    if (!account) return account.error();
    auto shown = profile_of(mongo::read_user(*account));
    if (shown.role != role::teacher) return shown;
    // By rating, of which there are five: FerretDB 1 counts, and adds up to nothing.
    for (const auto& each : on.aggregate(mongo::reviews, {make("$match", make("teacher", ref(user_id))),
                                                          make("$group", make("_id", "$rating", "reviews", make("$sum", 1)))})) {
      const auto reviews = each.number("reviews");
      shown.reviews += reviews;
      shown.ratings_sum += reviews * each.number("_id");
    }
    return shown;
  });
}

result<committed<user>> mongo_store::update_profile(const id& user_id, const profile_changes& changes) {
  return write("update_profile", [&](unit& work) -> result<committed<user>> {
    work.lock({mongo::lock_of_user(user_id)});
    const auto found = mongo::look_up_living_user(work.on(), user_id);
    if (!found) return found.error();
    auto account = mongo::read_user(*found);
    apply(changes, account);
    const auto& about = account.about;
    work.set(mongo::users, *found,
             make("name", account.name, "bio", about.bio, "phone", about.phone, "address", about.address, "city", about.city,
                  "postcode", about.postcode, "country", about.country));
    committed<user> written{std::move(account), work.emit(changes_of(changes, user_id)), {}};
    for (const auto& row : written.rows)
      if (row.what.kind == change_kind::user_name) written.shown_in.add(mongo::showing_of(work.on(), row.what));
    return written;
  });
}

}  // namespace bookings

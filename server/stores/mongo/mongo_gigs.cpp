// Gigs in MongoDB.
#include "server/stores/mongo/mongo_calls.hpp"
#include "server/stores/mongo/paging.hpp"
#include "server/stores/mongo/rows.hpp"
#include "server/stores/mongo/search.hpp"

namespace bookings {

using mongo::document;
using mongo::link;
using mongo::make;
using mongo::ref;
using mongo::unit;

namespace mongo {

result<document> look_up_offered(link& on, const id& gig_id) {
  auto found = on.find_one(gigs, make("_id", ref(gig_id), "deletedAt", nullptr));
  if (!found) return errc::not_found;
  return std::move(*found);
}

}  // namespace mongo

namespace {

gig with_teacher(link& on, const document& found) { return mongo::view_of(on, found, mongo::gig_views); }

// Gigs are their teacher's, and written under that user's lock.
result<document> lock_owned(unit& work, const id& gig_id, const id& owner) {
  auto found = mongo::look_up_offered(work.on(), gig_id);
  if (!found) return found;
  if (const auto allowed = check_owner(mongo::read_gig(*found), owner); !allowed) return allowed.error();
  work.lock({mongo::lock_of_user(owner)});
  return mongo::look_up_offered(work.on(), gig_id);
}

committed<gig> commit_of(unit& work, gig changed) {
  auto rows = work.emit({{change_kind::gig, changed.id}});
  auto places = mongo::showing_of(work.on(), rows.front().what);
  return {std::move(changed), std::move(rows), std::move(places)};
}

document filter_of(const gig_query& query) {
  document filter;
  if (query.subject) filter.add("subject", *query.subject);
  if (query.teacher_id) filter.add("teacher", ref(*query.teacher_id));
  filter.add("deletedAt", nullptr);
  if (query.search) {
    const auto words = mongo::search_conditions(*query.search, {"title", "subject", "description"});
    if (!words.empty()) filter.add("$and", words);
  }
  return filter;
}

document order_of(gig_order order) {
  switch (order) {
    case gig_order::newest: return make("createdAt", -1, "_id", -1);
    case gig_order::oldest: return make("createdAt", 1, "_id", 1);
    case gig_order::cheapest: return make("price", 1, "_id", 1);
    case gig_order::dearest: return make("price", -1, "_id", -1);
  }
  return {};
}

}  // namespace

result<page<gig>> mongo_store::list_gigs(const gig_query& query) {
  return read("list_gigs", [&](link& on) -> result<page<gig>> {
    return mongo::read_page(on, mongo::gigs, filter_of(query), order_of(query.order), query.page, mongo::gig_views);
  });
}

result<gig> mongo_store::find_gig(const id& gig_id) {
  return read("find_gig", [&](link& on) -> result<gig> {
    const auto found = mongo::look_up_offered(on, gig_id);
    if (!found) return found.error();
    return with_teacher(on, *found);
  });
}

result<committed<gig>> mongo_store::create_gig(const gig& offer) {
  return write("create_gig", [&](unit& work) -> result<committed<gig>> {
    work.lock({mongo::lock_of_user(offer.teacher_id)});
    const auto teacher = mongo::look_up_living_user(work.on(), offer.teacher_id);
    if (!teacher) return teacher.error();
    work.insert(mongo::gigs, mongo::to_document(offer));
    gig created = offer;
    created.teacher_name = teacher->text("name");
    return commit_of(work, std::move(created));
  });
}

result<committed<gig>> mongo_store::update_gig(const id& gig_id, const id& owner, const gig_changes& changes) {
  return write("update_gig", [&](unit& work) -> result<committed<gig>> {
    const auto found = lock_owned(work, gig_id, owner);
    if (!found) return found.error();
    gig changed = with_teacher(work.on(), *found);
    apply(changes, changed);
    changed.updated_at = now();
    work.set(mongo::gigs, *found,
             make("title", changed.title, "subject", changed.subject, "description", changed.description, "price",
                  changed.price, "updatedAt", changed.updated_at));
    // A row also where nothing differs: the answer tells of what is there, and so waits for its invalidation.
    return commit_of(work, std::move(changed));
  });
}

result<committed<gig>> mongo_store::delete_gig(const id& gig_id, const id& owner) {
  return write("delete_gig", [&](unit& work) -> result<committed<gig>> {
    const auto found = lock_owned(work, gig_id, owner);
    if (!found) return found.error();
    work.set(mongo::gigs, *found, make("deletedAt", now()));
    return commit_of(work, with_teacher(work.on(), *found));
  });
}

}  // namespace bookings

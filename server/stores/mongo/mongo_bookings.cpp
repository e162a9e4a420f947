// Bookings in MongoDB. The rules are the domain's; here they are asked under the locks of both parties, which every write
// on a booking takes.
#include "server/stores/mongo/mongo_calls.hpp"
#include "server/stores/mongo/paging.hpp"
#include "server/stores/mongo/rows.hpp"

namespace bookings {

using mongo::document;
using mongo::link;
using mongo::make;
using mongo::ref;
using mongo::unit;

namespace mongo {

result<document> lock_booking(unit& work, const id& booking_id) {
  const auto seen = look_up(work.on(), bookings_, booking_id);
  if (!seen) return seen;
  work.lock({lock_of_user(seen->reference("student")), lock_of_user(seen->reference("teacher"))});
  return look_up(work.on(), bookings_, booking_id);
}

}  // namespace mongo

namespace {

// errc::overlap where an accepted booking of the teacher is in the way of `wanted`.
//
// Only one can be: the last that starts before `wanted` ends. Accepted bookings of one teacher share no moment, so each
// earlier one ended by that one's start. Hence one look into an index, however many there are.
result<void> check_free(link& on, const booking& wanted) {
  const auto end = wanted.scheduled_at + std::chrono::minutes{wanted.duration_minutes};
  const auto before = on.find_one(
      mongo::bookings_,
      make("teacher", ref(wanted.teacher_id), "status", to_text(booking_status::accepted), "scheduledAt", make("$lt", end)),
      {.sort = make("scheduledAt", -1, "_id", -1)});
  if (before && overlap(wanted, mongo::read_booking(*before))) return errc::overlap;
  return {};
}

committed<booking_view> commit_of(unit& work, booking_view view) {
  auto rows = work.emit(changes_of(view.row));
  return {std::move(view), std::move(rows), {}};
}

// The locks of both parties, and then teacher and price from the gig, if it is offered. errc::not_found also where the
// student is not there.
result<void> lock_and_complete(unit& work, booking& wanted) {
  const auto seen = mongo::look_up_offered(work.on(), wanted.gig_id);
  if (!seen) return seen.error();
  wanted.teacher_id = seen->reference("teacher");
  work.lock({mongo::lock_of_user(wanted.student_id), mongo::lock_of_user(wanted.teacher_id)});
  const auto offered = mongo::look_up_offered(work.on(), wanted.gig_id);
  if (!offered) return offered.error();
  if (const auto student = mongo::look_up_living_user(work.on(), wanted.student_id); !student) return student.error();
  wanted.price = price_of(offered->amount("price"), wanted.duration_minutes);
  return {};
}

document filter_of(const booking_query& query) {
  auto filter = make(query.as == role::student ? "student" : "teacher", ref(query.user_id));
  if (query.status) filter.add("status", to_text(*query.status));
  return filter;
}

document order_of(booking_order order) {
  switch (order) {
    case booking_order::newest: return make("createdAt", -1, "_id", -1);
    case booking_order::oldest: return make("createdAt", 1, "_id", 1);
    case booking_order::soonest: return make("scheduledAt", 1, "_id", 1);
    case booking_order::latest: return make("scheduledAt", -1, "_id", -1);
  }
  return {};
}

}  // namespace

result<page<booking_view>> mongo_store::list_bookings(const booking_query& query) {
  if (query.as == role::admin) return page<booking_view>{};  // is a party of none
  return read("list_bookings", [&](link& on) -> result<page<booking_view>> {
    return mongo::read_page(on, mongo::bookings_, filter_of(query), order_of(query.order), query.page, mongo::booking_views);
  });
}

result<booking_view> mongo_store::find_booking(const id& booking_id) {
  return read("find_booking", [&](link& on) -> result<booking_view> {
    const auto found = mongo::look_up(on, mongo::bookings_, booking_id);
    if (!found) return found.error();
    return mongo::view_of(on, *found, mongo::booking_views);
  });
}

result<committed<booking_view>> mongo_store::create_booking(const booking& wanted) {
  return write("create_booking", [&](unit& work) -> result<committed<booking_view>> {
    booking created = wanted;
    if (const auto complete = lock_and_complete(work, created); !complete) return complete.error();
    // Of any status, as the interface says: nobody asks for a time that is known to be taken.
    if (const auto free = check_free(work.on(), created); !free) return free.error();
    const auto made = mongo::to_document(created);
    work.insert(mongo::bookings_, made);
    return commit_of(work, mongo::view_of(work.on(), made, mongo::booking_views));
  });
}

result<committed<booking_view>> mongo_store::change_booking_status(const id& booking_id, const id& who,
                                                                   booking_status wanted) {
  return write("change_booking_status", [&](unit& work) -> result<committed<booking_view>> {
    const auto found = mongo::lock_booking(work, booking_id);
    if (!found) return found.error();
    auto view = mongo::view_of(work.on(), *found, mongo::booking_views);
    if (const auto allowed = check_transition(view.row, who, wanted); !allowed) return allowed.error();
    if (wanted == booking_status::accepted) {
      if (const auto free = check_free(work.on(), view.row); !free) return free.error();
    }
    view.row.status = wanted;
    view.row.updated_at = now();
    work.set(mongo::bookings_, *found, make("status", to_text(wanted), "updatedAt", view.row.updated_at));
    return commit_of(work, std::move(view));
  });
}

}  // namespace bookings

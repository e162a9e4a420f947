// Payments through the gateway in MongoDB. A payment, its booking's payment status and the trail change together, in
// one unit, under the locks of the booking's parties.
#include "server/stores/mongo/gateway_payment_rows.hpp"
#include "server/stores/mongo/mongo_calls.hpp"
#include "server/stores/mongo/paging.hpp"
#include "server/stores/mongo/rows.hpp"

namespace bookings {

using mongo::document;
using mongo::link;
using mongo::make;
using mongo::ref;
using mongo::unit;

namespace {

const mongo::view_kind<gateway_payment> gateway_payment_views{
    {}, [](const mongo::joined& from) { return mongo::read_gateway_payment(from.row); }};

}  // namespace

result<committed<gateway_payment>> mongo_store::create_gateway_payment(const gateway_payment& wanted) {
  return write("create_gateway_payment", [&](unit& work) -> result<committed<gateway_payment>> {
    const auto booked = mongo::lock_booking(work, wanted.booking_id);
    if (!booked) return booked.error();
    if (const auto may = check_gateway_payable(mongo::read_booking(*booked), wanted); !may) return may.error();
    auto made = make("_id", ref(wanted.id));
    made.add_all(mongo::members_of(wanted));
    work.insert(mongo::gateway_payments, made);
    return committed<gateway_payment>{wanted, mongo::set_payment_status(work, *booked, payment_status::pending), {}};
  });
}

result<page<gateway_payment>> mongo_store::list_gateway_payments(const gateway_payment_query& query) {
  return read("list_gateway_payments", [&](link& on) -> result<page<gateway_payment>> {
    document filter;
    if (query.student_id) filter.add("student", ref(*query.student_id));
    if (query.status) filter.add("status", to_text(*query.status));
    return mongo::read_page(on, mongo::gateway_payments, filter, make("createdAt", -1, "_id", -1), query.page,
                            gateway_payment_views);
  });
}

result<gateway_payment> mongo_store::find_gateway_payment(const id& payment_id) {
  return read("find_gateway_payment", [&](link& on) -> result<gateway_payment> {
    const auto found = mongo::look_up(on, mongo::gateway_payments, payment_id);
    if (!found) return found.error();
    return mongo::read_gateway_payment(*found);
  });
}

result<committed<gateway_change>> mongo_store::change_gateway_payment(const id& payment_id, const gateway_step& step) {
  return write("change_gateway_payment", [&](unit& work) -> result<committed<gateway_change>> {
    const auto seen = mongo::look_up(work.on(), mongo::gateway_payments, payment_id);
    if (!seen) return seen.error();
    const auto booked = mongo::lock_booking(work, seen->reference("booking"));
    if (!booked) return booked.error();
    const auto found = mongo::look_up(work.on(), mongo::gateway_payments, payment_id);
    if (!found) return found.error();
    const auto payment = mongo::read_gateway_payment(*found);
    auto to = step(payment, mongo::read_booking(*booked));
    if (!to) return to.error();
    if (to->payment != payment) work.set(mongo::gateway_payments, *found, mongo::members_of(to->payment));
    if (to->act) mongo::note(work, *to->act);
    std::vector<outbox_row> rows;
    if (to->booking) rows = mongo::set_payment_status(work, *booked, *to->booking);
    return committed<gateway_change>{std::move(*to), std::move(rows), {}};
  });
}

result<std::vector<gateway_payment>> mongo_store::claim_due_payments(time_point when, time_point until,
                                                                     std::size_t limit) {
  return read("claim_due_payments", [&](link& on) -> result<std::vector<gateway_payment>> {
    std::vector<gateway_payment> claimed;
    // A missing date is less than all others to the server, so what is not due at all has to be left out by name.
    const auto due = on.find(mongo::gateway_payments, make("dueAt", make("$gt", time_point{}, "$lte", when)),
                             {.sort = make("dueAt", 1), .limit = static_cast<std::int64_t>(limit)});
    for (const auto& each : due) {
      auto payment = mongo::read_gateway_payment(each);
      // Only one of those that claim it at once finds the date that it has seen. No lock: a step that is written
      // meanwhile says itself when the next one is due.
      if (on.update(mongo::gateway_payments,
                    {make("_id", ref(payment.id), "dueAt", *payment.due_at), make("$set", make("dueAt", until))}) == 0)
        continue;
      payment.due_at = until;
      claimed.push_back(std::move(payment));
    }
    return claimed;
  });
}

}  // namespace bookings

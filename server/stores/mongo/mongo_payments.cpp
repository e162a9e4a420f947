// Manual payments in MongoDB. A payment and its booking's payment status change together, in one unit.
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

std::vector<outbox_row> set_payment_status(unit& work, const document& booked, payment_status to) {
  work.set(bookings_, booked, make("paymentStatus", to_text(to), "updatedAt", now()));
  return work.emit(changes_of(read_booking(booked)));
}

}  // namespace mongo

namespace {

// Under the transaction's lock, so that no other can come in between.
bool is_used(link& on, payment_method method, const std::string& transaction_id) {
  return on
      .find_one(mongo::manual_payments, make("method", to_text(method), "transactionId", transaction_id, "status",
                                             make("$ne", to_text(manual_payment_status::rejected))))
      .has_value();
}

// The booking follows its payment, and both parties' lists with it.
committed<manual_payment_view> commit_of(unit& work, manual_payment_view view, const document& booked) {
  auto rows = mongo::set_payment_status(work, booked, payment_after(view.row.status));
  return {std::move(view), std::move(rows), {}};
}

}  // namespace

result<page<manual_payment_view>> mongo_store::list_manual_payments(const manual_payment_query& query) {
  return read("list_manual_payments", [&](link& on) -> result<page<manual_payment_view>> {
    document filter;
    if (query.student_id) filter.add("student", ref(*query.student_id));
    if (query.status) filter.add("status", to_text(*query.status));
    return mongo::read_page(on, mongo::manual_payments, filter, make("createdAt", -1, "_id", -1), query.page,
                            mongo::manual_payment_views);
  });
}

result<committed<manual_payment_view>> mongo_store::create_manual_payment(const manual_payment& wanted) {
  return write("create_manual_payment", [&](unit& work) -> result<committed<manual_payment_view>> {
    // Before the parties': every write that wants both takes them in this order.
    work.lock({mongo::lock_of_transaction(to_text(wanted.method), wanted.transaction_id)});
    const auto booked = mongo::lock_booking(work, wanted.booking_id);
    if (!booked) return booked.error();
    if (const auto may = check_payable(mongo::read_booking(*booked), wanted.student_id, wanted.amount); !may)
      return may.error();
    if (is_used(work.on(), wanted.method, wanted.transaction_id)) return errc::transaction_used;
    const auto made = mongo::to_document(wanted);
    work.insert(mongo::manual_payments, made);
    return commit_of(work, mongo::view_of(work.on(), made, mongo::manual_payment_views), *booked);
  });
}

result<committed<manual_payment_view>> mongo_store::decide_manual_payment(const id& payment_id,
                                                                          const manual_payment_decision& decision) {
  return write("decide_manual_payment", [&](unit& work) -> result<committed<manual_payment_view>> {
    const auto seen = mongo::look_up(work.on(), mongo::manual_payments, payment_id);
    if (!seen) return seen.error();
    const auto booked = mongo::lock_booking(work, seen->reference("booking"));
    if (!booked) return booked.error();
    const auto found = mongo::look_up(work.on(), mongo::manual_payments, payment_id);
    if (!found) return found.error();
    auto view = mongo::view_of(work.on(), *found, mongo::manual_payment_views);
    if (const auto may = check_decision(view.row, mongo::read_booking(*booked), decision.wanted); !may) return may.error();
    view.row.status = decision.wanted;
    view.row.decided = {decision.admin, now(), decision.reason};
    work.set(mongo::manual_payments, *found,
             make("status", to_text(decision.wanted), "decidedBy", ref(decision.admin), "decidedAt", view.row.decided->at,
                  "reason", decision.reason));
    mongo::note(work, act_of(payment_id, decision));
    return commit_of(work, std::move(view), *booked);
  });
}

}  // namespace bookings

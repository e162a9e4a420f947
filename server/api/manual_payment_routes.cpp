#include "server/api/manual_payment_routes.hpp"

#include "server/api/optional_text.hpp"
#include "server/api/price.hpp"
#include "server/api/shown.hpp"
#include "server/http/body.hpp"
#include "server/http/query.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <array>

namespace bookings::api {
namespace {

using boost::asio::awaitable;
using boost::beast::http::verb;
using http::access;
using http::reply;
using http::request;

constexpr std::size_t longest_transaction_text = 100, longest_reason = 500;
constexpr std::array<std::string_view, 5> methods{"bkash", "nagad", "rocket", "bank", "cash"};
constexpr std::array<std::string_view, 3> statuses{"pending", "verified", "rejected"};

class manual_payments {
 public:
  manual_payments(async_store& stores, caching::invalidator& invalidate, once& repeats)
      : stores_(stores), invalidate_(invalidate), once_(repeats) {}

  awaitable<reply> list(request& what) const {
    // A teacher sees in the booking whether it is paid; how, is between the student and us.
    if (what.identity->role == role::teacher) co_return http::failure(errc::forbidden, what.request_id);
    http::query_reader query(what);
    manual_payment_query wanted;
    if (what.identity->role != role::admin) wanted.student_id = what.identity->user_id;
    if (const auto status = query.optional_one_of("status", statuses))
      wanted.status = parse_manual_payment_status(*status);
    wanted.page = query.page();
    if (auto failed = query.failure()) co_return *failed;

    const auto found =
        co_await stores_.read("list_manual_payments", [&](store& s) { return s.list_manual_payments(wanted); });
    if (!found) co_return http::failure(found.error(), what.request_id);
    boost::json::array rows;
    for (const auto& row : found->rows) rows.push_back(to_json(row, what.identity->role));
    co_return http::success_list(std::move(rows), found->total, wanted.page);
  }

  awaitable<reply> create(request& what) const {
    http::body_reader body(what);
    manual_payment wanted;
    wanted.booking_id = body.id("bookingId");
    wanted.method = parse_payment_method(body.one_of("method", methods)).value_or(payment_method::bkash);
    const auto transaction_id = normalize_transaction_id(body.text("transactionId", 1, longest_transaction_text));
    if (!transaction_id && !body.is_rejected("transactionId"))
      body.reject("transactionId", "must have 4 to 64 letters, digits or - _ . /");
    const auto amount = parse_money(body.number("amount"));
    if (!amount && !body.is_rejected("amount"))
      body.reject("amount", "must be 0 to 10,000,000 with at most two decimal places");
    if (auto failed = body.failure()) co_return *failed;

    wanted.id = make_id();
    wanted.student_id = what.identity->user_id;
    wanted.transaction_id = *transaction_id;
    wanted.amount = *amount;
    wanted.created_at = now();
    const std::vector<http::field_error> wrong_amount{{"amount", "must be exactly the booking's price"}};
    const auto write = [&](store& s) { return s.create_manual_payment(wanted); };
    const auto shown = [&](const manual_payment_view& made) { return to_json(made, what.identity->role); };
    co_return co_await once_.create(what, "create_manual_payment", write, shown, &wrong_amount);
  }

  awaitable<reply> decide(request& what, manual_payment_status verdict) const {
    const auto& payment_id = what.path_value("id");
    if (!is_valid_id(payment_id)) co_return http::failure(errc::not_found, what.request_id);
    manual_payment_decision decision;
    decision.admin = what.identity->user_id;
    decision.wanted = verdict;
    if (!what.body.empty()) {  // there is nothing that must be said
      http::body_reader body(what);
      decision.reason = body.optional_text("reason", 1, longest_reason);
      if (auto failed = body.failure()) co_return *failed;
    }
    const auto done = co_await stores_.write(
        "decide_manual_payment", [&](store& s) { return s.decide_manual_payment(payment_id, decision); });
    // Commit is done; invalidate, then reply.
    if (!done) co_return http::failure(done.error(), what.request_id);
    if (const auto told = co_await invalidate_.after(*done); !told)
      co_return http::failure(told.error(), what.request_id);
    co_return http::success(200, to_json(done->value, what.identity->role));
  }

 private:
  async_store& stores_;
  caching::invalidator& invalidate_;
  once& once_;
};

}  // namespace

boost::json::object to_json(const manual_payment_view& what, role reader) {
  const auto& row = what.row;
  const auto& decided = row.decided;
  boost::json::object json{{"id", row.id},
                           {"bookingId", row.booking_id},
                           {"student", {{"id", row.student_id}, {"name", what.student_name}}},
                           {"method", to_text(row.method)},
                           {"transactionId", row.transaction_id},
                           {"amount", price_number(row.amount)},
                           {"currency", currency},
                           {"status", to_text(row.status)},
                           {"createdAt", format_time(row.created_at)},
                           {"decidedAt", decided ? boost::json::value(format_time(decided->at)) : boost::json::value()},
                           {"reason", decided ? text_or_null(decided->reason) : boost::json::value()}};
  if (reader == role::admin) json["decidedBy"] = decided ? boost::json::value(decided->by) : boost::json::value();
  return json;
}

void add_manual_payment_routes(http::router& routes, async_store& stores, caching::invalidator& invalidate,
                               once& repeats) {
  using enum manual_payment_status;
  const auto here = std::make_shared<manual_payments>(stores, invalidate, repeats);
  routes.add({verb::get, "/api/manual-payments", access::signed_in, [here](request& r) { return here->list(r); }});
  routes.add({verb::post, "/api/manual-payments", access::student, [here](request& r) { return here->create(r); }});
  routes.add({verb::put, "/api/manual-payments/:id/verify", access::admin,
              [here](request& r) { return here->decide(r, verified); }});
  routes.add({verb::put, "/api/manual-payments/:id/reject", access::admin,
              [here](request& r) { return here->decide(r, rejected); }});
}

}  // namespace bookings::api

#include "server/api/payment_routes.hpp"

#include "server/api/optional_text.hpp"
#include "server/api/price.hpp"
#include "server/api/shown.hpp"
#include "server/http/body.hpp"
#include "server/http/query.hpp"
#include "server/payments/gateway_customer.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <array>

namespace bookings::api {
namespace {

using boost::asio::awaitable;
using boost::beast::http::verb;
using http::access;
using http::reply;
using http::request;
using clock = std::chrono::steady_clock;

constexpr std::size_t longest_text = 200, longest_reason = 500;
constexpr std::int64_t longest_wait = 30;
// Between two looks of one who waits and is told nothing: news of another process may have been lost.
constexpr std::chrono::seconds look_again{2};
constexpr std::array<std::string_view, 8> statuses{"queued", "initiated", "held",      "paid",
                                                   "failed", "cancelled", "refunding", "refunded"};

// What is asked of the profile where the request says nothing.
gateway_customer customer_of(const user& account) {
  const auto& about = account.about;
  return {account.name,
          account.email,
          about.phone.value_or(""),
          about.address.value_or(""),
          about.city.value_or(""),
          about.postcode.value_or(""),
          about.country.value_or("")};
}

void read_customer(http::body_reader& body, gateway_customer& into) {
  const std::pair<std::string_view, std::string*> members[] = {
      {"name", &into.name}, {"email", &into.email},       {"phone", &into.phone},    {"address", &into.address},
      {"city", &into.city}, {"postcode", &into.postcode}, {"country", &into.country}};
  for (const auto& [name, member] : members) {
    if (auto text = body.optional_text(name, 1, longest_text)) *member = std::move(*text);
  }
}

class payments {
 public:
  explicit payments(payment_parts parts) : parts_(std::move(parts)) {}

  awaitable<reply> init(request& what) const {
    http::body_reader body(what);
    const auto booking_id = body.id("bookingId");
    gateway_customer told;
    if (auto* customer = body.optional_object("customer")) read_customer(*customer, told);
    if (auto failed = body.failure()) co_return *failed;
    if (!parts_.begin) co_return http::failure(errc::gateway_unavailable, what.request_id);

    const auto& who = what.identity->user_id;
    const auto account = co_await parts_.stores.read("find_user", [&](store& s) { return s.find_user(who); });
    if (!account) co_return http::failure(account.error(), what.request_id);
    const auto booked =
        co_await parts_.stores.read("find_booking", [&](store& s) { return s.find_booking(booking_id); });
    if (!booked) co_return http::failure(booked.error(), what.request_id);

    auto wanted = payment_for(booked->row, who);
    wanted.customer = merged(told, customer_of(*account));
    // What the booking does not allow is said first: nobody types an address for nothing.
    if (const auto may = check_gateway_payable(booked->row, wanted); may) {
      if (const auto faults = faults_in(*wanted.customer); !faults.empty())
        co_return http::failure(errc::unprocessable, what.request_id, faults);
    }
    wanted.customer = fitted(*wanted.customer);
    const std::vector<http::field_error> wrong_amount{
        {"bookingId", "costs less than 10 or more than 500,000, which the payment gateway does not take"}};
    bool is_made = false;  // not where the request was answered before, with another payment
    const auto write = [&](store& s) {
      auto made = s.create_gateway_payment(wanted);
      is_made = made.has_value();
      return made;
    };
    const auto shown = [](const gateway_payment& made) {
      return boost::json::object{
          {"id", made.id}, {"status", to_text(made.status)}, {"statusUrl", "/api/payments/" + made.id}};
    };
    auto answer = co_await parts_.repeats.create(what, "create_gateway_payment", write, shown, &wrong_amount, 202);
    if (is_made && answer.status == 202) parts_.begin(wanted, what.trace());
    co_return answer;
  }

  awaitable<reply> list(request& what) const {
    if (what.identity->role == role::teacher) co_return http::failure(errc::forbidden, what.request_id);
    http::query_reader query(what);
    gateway_payment_query wanted;
    if (what.identity->role != role::admin) wanted.student_id = what.identity->user_id;
    if (const auto status = query.optional_one_of("status", statuses))
      wanted.status = parse_gateway_payment_status(*status);
    wanted.page = query.page();
    if (auto failed = query.failure()) co_return *failed;
    const auto found =
        co_await parts_.stores.read("list_gateway_payments", [&](store& s) { return s.list_gateway_payments(wanted); });
    if (!found) co_return http::failure(found.error(), what.request_id);
    if (const auto told = co_await parts_.invalidate.settled(); !told)
      co_return http::failure(told.error(), what.request_id);
    boost::json::array rows;
    for (const auto& row : found->rows) rows.push_back(to_json(row, what.identity->role));
    co_return http::success_list(std::move(rows), found->total, wanted.page);
  }

  awaitable<reply> show(request& what) const {
    const auto& payment_id = what.path_value("id");
    http::query_reader query(what);
    const auto wait = query.integer("wait", 0, longest_wait, 0);
    const auto waited_for = parse_gateway_payment_status(query.one_of("while", statuses, "queued"));
    if (auto failed = query.failure()) co_return *failed;
    if (!is_valid_id(payment_id)) co_return http::failure(errc::not_found, what.request_id);

    const auto deadline = clock::now() + std::chrono::seconds(wait);
    const auto executor = co_await boost::asio::this_coro::executor;
    payment_watch::place place(parts_.watch, payment_id, executor);
    for (;;) {
      const auto found = co_await parts_.stores.read("find_gateway_payment",
                                                     [&](store& s) { return s.find_gateway_payment(payment_id); });
      if (!found) co_return http::failure(found.error(), what.request_id);
      if (!may_see(*found, *what.identity)) co_return http::failure(errc::not_found, what.request_id);
      const auto at = clock::now();
      if (found->status == waited_for && at < deadline && !parts_.watch.is_closed()) {
        co_await place.wait(std::min(deadline, at + look_again));
        continue;
      }
      // That it is paid tells of a write, and so is an acknowledgement of it.
      if (const auto told = co_await parts_.invalidate.settled(); !told)
        co_return http::failure(told.error(), what.request_id);
      co_return http::success(200, to_json(*found, what.identity->role));
    }
  }

  awaitable<reply> refund(request& what) const {
    return decide(what, gateway::yes,
                  [](const gateway_payment& p, const booking&, const id& admin,
                     const std::optional<std::string>& reason) { return begin_refund(p, admin, reason, now()); });
  }

  awaitable<reply> release(request& what) const {
    return decide(what, gateway::no,
                  [](const gateway_payment& p, const booking& of, const id& admin,
                     const std::optional<std::string>& reason) { return bookings::release(p, of, admin, reason, now()); });
  }

 private:
  using decision = result<gateway_change> (*)(const gateway_payment&, const booking&, const id&,
                                              const std::optional<std::string>&);

  static gateway_payment payment_for(const booking& of, const id& student_id) {
    gateway_payment made;
    made.id = make_id();
    made.booking_id = of.id;
    made.student_id = student_id;
    made.amount = of.price;
    made.created_at = made.updated_at = now();
    made.due_at = made.created_at + first_step_left_for;
    return made;
  }

  static gateway_customer merged(const gateway_customer& told, const gateway_customer& otherwise) {
    const auto one = [](const std::string& first, const std::string& second) { return first.empty() ? second : first; };
    return {one(told.name, otherwise.name),      one(told.email, otherwise.email),
            one(told.phone, otherwise.phone),    one(told.address, otherwise.address),
            one(told.city, otherwise.city),      one(told.postcode, otherwise.postcode),
            one(told.country, otherwise.country)};
  }

  static std::vector<http::field_error> faults_in(const gateway_customer& customer) {
    std::vector<http::field_error> fields;
    for (const auto& each : faults_of(customer))
      fields.push_back({"customer." + std::string(each.member), std::string(each.why)});
    return fields;
  }

  static bool may_see(const gateway_payment& what, const identity& who) {
    return who.role == role::admin || what.student_id == who.user_id;
  }

  // Does carrying it out take the gateway?
  enum class gateway { no, yes };

  awaitable<reply> decide(request& what, gateway takes, decision wanted) const {
    const auto& payment_id = what.path_value("id");
    if (!is_valid_id(payment_id)) co_return http::failure(errc::not_found, what.request_id);
    std::optional<std::string> reason;
    if (!what.body.empty()) {  // there is nothing that must be said
      http::body_reader body(what);
      reason = body.optional_text("reason", 1, longest_reason);
      if (auto failed = body.failure()) co_return *failed;
    }
    if (takes == gateway::yes && !parts_.begin) co_return http::failure(errc::gateway_unavailable, what.request_id);
    const gateway_step step = [&](const gateway_payment& p, const booking& of) {
      return wanted(p, of, what.identity->user_id, reason);
    };
    const auto done = co_await parts_.stores.write(
        "change_gateway_payment", [&](store& s) { return s.change_gateway_payment(payment_id, step); });
    if (!done) co_return http::failure(done.error(), what.request_id);
    if (const auto told = co_await parts_.invalidate.after(*done); !told)
      co_return http::failure(told.error(), what.request_id);
    parts_.watch.tell(payment_id);
    if (done->value.payment.due_at) parts_.begin(done->value.payment, what.trace());
    co_return http::success(200, to_json(done->value.payment, what.identity->role));
  }

  // The request hands the first step over by itself; if it died on the way, the store does after this.
  static constexpr std::chrono::seconds first_step_left_for{5};

  payment_parts parts_;
};

template <class Value>
boost::json::value or_null(const std::optional<Value>& value) {
  return value ? boost::json::value(*value) : boost::json::value();
}

}  // namespace

boost::json::object to_json(const gateway_payment& what, role reader) {
  boost::json::object json{{"id", what.id},
                           {"bookingId", what.booking_id},
                           {"amount", price_number(what.amount)},
                           {"currency", currency},
                           {"status", to_text(what.status)},
                           {"gatewayUrl", what.status == gateway_payment_status::initiated ? or_null(what.gateway_url)
                                                                                           : boost::json::value()},
                           {"reason", text_or_null(what.reason)},
                           {"createdAt", format_time(what.created_at)},
                           {"updatedAt", format_time(what.updated_at)}};
  if (reader != role::admin) return json;
  json["studentId"] = what.student_id;
  json["transactionId"] = what.attempts > 0 ? boost::json::value(transaction_id_of(what)) : boost::json::value();
  json["bankTransactionId"] = text_or_null(what.bank_transaction_id);
  json["taken"] = what.taken ? price_number(*what.taken) : boost::json::value();
  json["refundId"] = what.refunds > 0 ? boost::json::value(refund_id_of(what)) : boost::json::value();
  json["refundReference"] = text_or_null(what.refund_reference);
  return json;
}

void add_payment_routes(http::router& routes, payment_parts parts) {
  const auto here = std::make_shared<payments>(std::move(parts));
  routes.add({verb::post, "/api/payments/init", access::student, [here](request& r) { return here->init(r); }});
  routes.add({verb::get, "/api/payments", access::signed_in, [here](request& r) { return here->list(r); }});
  routes.add({verb::get, "/api/payments/:id", access::signed_in, [here](request& r) { return here->show(r); }});
  routes.add({verb::post, "/api/payments/:id/refund", access::admin, [here](request& r) { return here->refund(r); }});
  routes.add({verb::post, "/api/payments/:id/release", access::admin, [here](request& r) { return here->release(r); }});
}

}  // namespace bookings::api

#include "server/api/booking_routes.hpp"

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

constexpr std::size_t longest_note = 1000;
constexpr std::int64_t shortest_minutes = 15, longest_minutes = 480, usual_minutes = 60;
constexpr std::array<std::string_view, 5> statuses{"pending", "accepted", "rejected", "completed", "cancelled"};
constexpr std::array<std::string_view, 4> orders{"newest", "oldest", "scheduledAt", "-scheduledAt"};

booking_order order_of(std::string_view text) {
  if (text == "oldest") return booking_order::oldest;
  if (text == "scheduledAt") return booking_order::soonest;
  if (text == "-scheduledAt") return booking_order::latest;
  return booking_order::newest;
}

class booking_routes {
 public:
  booking_routes(async_store& stores, caching::invalidator& invalidate, once& repeats)
      : stores_(stores), invalidate_(invalidate), once_(repeats) {}

  awaitable<reply> list(request& what) const {
    http::query_reader query(what);
    booking_query wanted;
    wanted.user_id = what.identity->user_id;
    wanted.as = what.identity->role;
    if (const auto status = query.optional_one_of("status", statuses)) wanted.status = parse_booking_status(*status);
    wanted.order = order_of(query.one_of("sort", orders, "newest"));
    wanted.page = query.page();
    if (auto failed = query.failure()) co_return *failed;

    const auto found = co_await stores_.read("list_bookings", [&](store& s) { return s.list_bookings(wanted); });
    if (!found) co_return http::failure(found.error(), what.request_id);
    boost::json::array rows;
    for (const auto& row : found->rows) rows.push_back(to_json(row));
    co_return http::success_list(std::move(rows), found->total, wanted.page);
  }

  awaitable<reply> show(request& what) const {
    const auto& booking_id = what.path_value("id");
    if (!is_valid_id(booking_id)) co_return http::failure(errc::not_found, what.request_id);
    const auto found = co_await stores_.read("find_booking", [&](store& s) { return s.find_booking(booking_id); });
    if (!found) co_return http::failure(found.error(), what.request_id);
    // A stranger learns as little as of a booking that is not there.
    if (!is_party(found->row, what.identity->user_id)) co_return http::failure(errc::not_found, what.request_id);
    co_return http::success(200, to_json(*found));
  }

  awaitable<reply> create(request& what) const {
    http::body_reader body(what);
    booking wanted;
    wanted.gig_id = body.id("gigId");
    wanted.scheduled_at = body.time("scheduledAt");
    wanted.duration_minutes = static_cast<int>(
        body.optional_integer("durationMinutes", shortest_minutes, longest_minutes).value_or(usual_minutes));
    wanted.note = body.optional_text("note", 0, longest_note);
    if (auto failed = body.failure()) co_return *failed;
    wanted.created_at = wanted.updated_at = now();
    if (wanted.scheduled_at <= wanted.created_at)
      co_return http::failure(errc::unprocessable, what.request_id, {{"scheduledAt", "must be in the future"}});

    wanted.id = make_id();
    wanted.student_id = what.identity->user_id;
    const auto write = [&](store& s) { return s.create_booking(wanted); };
    const auto shown = [](const booking_view& made) { return to_json(made); };
    co_return co_await once_.create(what, "create_booking", write, shown);
  }

  awaitable<reply> change_status(request& what) const {
    const auto& booking_id = what.path_value("id");
    if (!is_valid_id(booking_id)) co_return http::failure(errc::not_found, what.request_id);
    http::body_reader body(what);
    const auto wanted = parse_booking_status(body.one_of("status", statuses));
    if (auto failed = body.failure()) co_return *failed;

    const auto done = co_await stores_.write("change_booking_status", [&](store& s) {
      return s.change_booking_status(booking_id, what.identity->user_id, *wanted);
    });
    // Commit is done; invalidate, then reply.
    if (!done) co_return http::failure(done.error(), what.request_id);
    if (const auto told = co_await invalidate_.after(*done); !told)
      co_return http::failure(told.error(), what.request_id);
    co_return http::success(200, to_json(done->value));
  }

 private:
  async_store& stores_;
  caching::invalidator& invalidate_;
  once& once_;
};

}  // namespace

boost::json::object to_json(const booking_view& what) {
  const auto& row = what.row;
  return {{"id", row.id},
          {"status", to_text(row.status)},
          {"paymentStatus", to_text(row.payment)},
          {"scheduledAt", format_time(row.scheduled_at)},
          {"durationMinutes", row.duration_minutes},
          {"note", row.note ? boost::json::value(*row.note) : boost::json::value()},
          {"price", price_number(row.price)},
          {"currency", currency},
          {"createdAt", format_time(row.created_at)},
          {"updatedAt", format_time(row.updated_at)},
          {"student", {{"id", row.student_id}, {"name", what.student_name}}},
          {"teacher", {{"id", row.teacher_id}, {"name", what.teacher_name}}},
          {"gig",
           {{"id", row.gig_id},
            {"title", what.gig_title},
            {"subject", what.gig_subject},
            {"price", price_number(what.gig_price)}}}};
}

void add_booking_routes(http::router& routes, async_store& stores, caching::invalidator& invalidate, once& repeats) {
  const auto here = std::make_shared<booking_routes>(stores, invalidate, repeats);
  routes.add({verb::get, "/api/bookings", access::signed_in, [here](request& r) { return here->list(r); }});
  routes.add({verb::post, "/api/bookings", access::student, [here](request& r) { return here->create(r); }});
  routes.add({verb::get, "/api/bookings/:id", access::signed_in, [here](request& r) { return here->show(r); }});
  routes.add({verb::put, "/api/bookings/:id/status", access::signed_in, [here](request& r) { return here->change_status(r); }});
}

}  // namespace bookings::api

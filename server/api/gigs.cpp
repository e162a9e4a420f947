#include "server/api/gigs.hpp"

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
using http::throttle;

constexpr std::size_t longest_title = 120, longest_subject = 60, longest_description = 4000, longest_search = 100;
constexpr std::array<std::string_view, 4> orders{"newest", "oldest", "price", "-price"};

gig_order order_of(std::string_view text) {
  if (text == "oldest") return gig_order::oldest;
  if (text == "price") return gig_order::cheapest;
  if (text == "-price") return gig_order::dearest;
  return gig_order::newest;
}

// Notes what is wrong with the price of a body.
std::optional<money> read_price(http::body_reader& body, std::optional<double> number) {
  if (!number) return std::nullopt;
  const auto price = parse_money(*number);
  if (!price && !body.is_rejected("price"))
    body.reject("price", "must be 0 to 10,000,000 with at most two decimal places");
  return price;
}

class gigs {
 public:
  gigs(async_store& stores, caching::invalidator& invalidate, once& repeats)
      : stores_(stores), invalidate_(invalidate), once_(repeats) {}

  awaitable<reply> list(request& what) const {
    http::query_reader query(what);
    gig_query wanted;
    wanted.subject = query.optional_text("subject", 1, longest_subject);
    wanted.teacher_id = query.optional_id("teacherId");
    wanted.search = query.optional_text("q", 1, longest_search);
    wanted.order = order_of(query.one_of("sort", orders, "newest"));
    wanted.page = query.page();
    if (auto failed = query.failure()) co_return *failed;

    const auto found = co_await stores_.read("list_gigs", [&](store& s) { return s.list_gigs(wanted); });
    if (!found) co_return http::failure(found.error(), what.request_id);
    boost::json::array rows;
    for (const auto& row : found->rows) rows.push_back(to_json(row));
    co_return http::success_list(std::move(rows), found->total, wanted.page);
  }

  awaitable<reply> show(request& what) const {
    const auto& gig_id = what.path_value("id");
    if (!is_valid_id(gig_id)) co_return http::failure(errc::not_found, what.request_id);
    const auto found = co_await stores_.read("find_gig", [&](store& s) { return s.find_gig(gig_id); });
    if (!found) co_return http::failure(found.error(), what.request_id);
    co_return http::success(200, to_json(*found));
  }

  awaitable<reply> create(request& what) const {
    http::body_reader body(what);
    gig offer;
    offer.title = body.text("title", 1, longest_title);
    offer.subject = body.text("subject", 1, longest_subject);
    offer.description = body.text("description", 0, longest_description);
    offer.price = read_price(body, body.number("price")).value_or(money{});
    if (auto failed = body.failure()) co_return *failed;

    offer.id = make_id();
    offer.teacher_id = what.identity->user_id;
    offer.created_at = offer.updated_at = now();
    const auto write = [&](store& s) { return s.create_gig(offer); };
    const auto shown = [](const gig& made) { return to_json(made); };
    co_return co_await once_.create(what, "create_gig", write, shown);
  }

  awaitable<reply> change(request& what) const {
    const auto& gig_id = what.path_value("id");
    if (!is_valid_id(gig_id)) co_return http::failure(errc::not_found, what.request_id);
    http::body_reader body(what);
    gig_changes wanted;
    wanted.title = body.optional_text("title", 1, longest_title);
    wanted.subject = body.optional_text("subject", 1, longest_subject);
    wanted.description = body.optional_text("description", 0, longest_description);
    wanted.price = read_price(body, body.optional_number("price"));
    if (auto failed = body.failure()) co_return *failed;

    const auto done = co_await stores_.write(
        "update_gig", [&](store& s) { return s.update_gig(gig_id, what.identity->user_id, wanted); });
    co_return co_await answer(what, done);
  }

  awaitable<reply> remove(request& what) const {
    const auto& gig_id = what.path_value("id");
    if (!is_valid_id(gig_id)) co_return http::failure(errc::not_found, what.request_id);
    const auto done = co_await stores_.write(
        "delete_gig", [&](store& s) { return s.delete_gig(gig_id, what.identity->user_id); });
    co_return co_await answer(what, done);
  }

 private:
  // Commit is done; invalidate, then reply.
  awaitable<reply> answer(request& what, const result<committed<gig>>& done) const {
    if (!done) co_return http::failure(done.error(), what.request_id);
    if (const auto told = co_await invalidate_.after(*done); !told)
      co_return http::failure(told.error(), what.request_id);
    co_return http::success(200, to_json(done->value));
  }

  async_store& stores_;
  caching::invalidator& invalidate_;
  once& once_;
};

}  // namespace

boost::json::object to_json(const gig& what) {
  return {{"id", what.id},
          {"title", what.title},
          {"subject", what.subject},
          {"description", what.description},
          {"price", price_number(what.price)},
          {"currency", currency},
          {"teacher", {{"id", what.teacher_id}, {"name", what.teacher_name}}},
          {"createdAt", format_time(what.created_at)},
          {"updatedAt", format_time(what.updated_at)}};
}

void add_gig_routes(http::router& routes, async_store& stores, caching::invalidator& invalidate, once& repeats) {
  const auto here = std::make_shared<gigs>(stores, invalidate, repeats);
  routes.add({verb::get, "/api/gigs", access::anyone, [here](request& r) { return here->list(r); }});
  routes.add({verb::get, "/api/gigs/:id", access::anyone, [here](request& r) { return here->show(r); }});
  routes.add({verb::post, "/api/gigs", access::teacher, [here](request& r) { return here->create(r); }});
  routes.add({verb::put, "/api/gigs/:id", access::teacher, [here](request& r) { return here->change(r); },
              throttle::fan_out});
  routes.add({verb::delete_, "/api/gigs/:id", access::teacher, [here](request& r) { return here->remove(r); },
              throttle::fan_out});
}

}  // namespace bookings::api

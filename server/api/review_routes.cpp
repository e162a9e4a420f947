#include "server/api/review_routes.hpp"

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

constexpr std::size_t longest_comment = 2000;
constexpr std::array<std::string_view, 4> orders{"newest", "oldest", "rating", "-rating"};

review_order order_of(std::string_view text) {
  if (text == "oldest") return review_order::oldest;
  if (text == "rating") return review_order::worst;
  if (text == "-rating") return review_order::best;
  return review_order::newest;
}

class reviews {
 public:
  reviews(async_store& stores, once& repeats) : stores_(stores), once_(repeats) {}

  awaitable<reply> list(request& what) const {
    http::query_reader query(what);
    review_query wanted;
    const auto gig_id = query.optional_id("gigId"), teacher_id = query.optional_id("teacherId");
    if (what.parameter("gigId").has_value() == what.parameter("teacherId").has_value()) {
      for (const auto name : {"gigId", "teacherId"}) query.reject(name, "exactly one of gigId and teacherId is needed");
    }
    wanted.of = gig_id ? review_subject::gig : review_subject::teacher;
    wanted.order = order_of(query.one_of("sort", orders, "newest"));
    wanted.page = query.page();
    if (auto failed = query.failure()) co_return *failed;

    wanted.subject_id = gig_id ? *gig_id : *teacher_id;
    const auto found = co_await stores_.read("list_reviews", [&](store& s) { return s.list_reviews(wanted); });
    if (!found) co_return http::failure(found.error(), what.request_id);
    boost::json::array rows;
    for (const auto& row : found->rows) rows.push_back(to_json(row));
    co_return http::success_list(std::move(rows), found->total, wanted.page);
  }

  awaitable<reply> create(request& what) const {
    http::body_reader body(what);
    review wanted;
    wanted.booking_id = body.id("bookingId");
    wanted.rating = static_cast<int>(body.integer("rating", least_rating, most_rating));
    wanted.comment = body.text("comment", 0, longest_comment);
    if (auto failed = body.failure()) co_return *failed;

    wanted.id = make_id();
    wanted.student_id = what.identity->user_id;
    wanted.created_at = now();
    const auto write = [&](store& s) { return s.create_review(wanted); };
    const auto with_booking = [&](const review_view& made) {
      auto json = to_json(made);
      json["bookingId"] = wanted.booking_id;
      return json;
    };
    co_return co_await once_.create(what, "create_review", write, with_booking);
  }

 private:
  async_store& stores_;
  once& once_;
};

}  // namespace

// Without the booking, which is nobody's but its parties'.
boost::json::object to_json(const review_view& what) {
  const auto& row = what.row;
  return {{"id", row.id},
          {"rating", row.rating},
          {"comment", row.comment},
          {"createdAt", format_time(row.created_at)},
          {"gig", {{"id", row.gig_id}, {"title", what.gig_title}}},
          {"student", {{"id", row.student_id}, {"name", what.student_name}}},
          {"teacher", {{"id", row.teacher_id}, {"name", what.teacher_name}}}};
}

void add_review_routes(http::router& routes, async_store& stores, once& repeats) {
  const auto here = std::make_shared<reviews>(stores, repeats);
  routes.add({verb::get, "/api/reviews", access::anyone, [here](request& r) { return here->list(r); }});
  routes.add({verb::post, "/api/reviews", access::student, [here](request& r) { return here->create(r); }});
}

}  // namespace bookings::api

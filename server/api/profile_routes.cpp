#include "server/api/profile_routes.hpp"

#include "server/api/optional_text.hpp"
#include "server/api/profile_json.hpp"
#include "server/http/body.hpp"

namespace bookings::api {
namespace {

using boost::asio::awaitable;
using boost::beast::http::verb;
using http::access;
using http::reply;
using http::request;
using http::throttle;

constexpr std::size_t longest_name = 100, longest_bio = 2000, longest_phone = 32, longest_address = 300,
                      longest_place = 100, longest_postcode = 20;

class profiles {
 public:
  profiles(async_store& stores, caching::invalidator& invalidate) : stores_(stores), invalidate_(invalidate) {}

  awaitable<reply> show(request& what) const {
    const auto& user_id = what.path_value("id");
    if (!is_valid_id(user_id)) co_return http::failure(errc::not_found, what.request_id);
    const auto found = co_await stores_.read("find_profile", [&](store& s) { return s.find_profile(user_id); });
    if (!found) co_return http::failure(found.error(), what.request_id);
    co_return http::success(200, to_json(*found));
  }

  awaitable<reply> change(request& what) const {
    http::body_reader body(what);
    profile_changes wanted;
    wanted.name = body.optional_text("name", 1, longest_name);
    wanted.bio = body.optional_text("bio", 0, longest_bio);
    wanted.phone = body.optional_text("phone", 0, longest_phone);
    wanted.address = body.optional_text("address", 0, longest_address);
    wanted.city = body.optional_text("city", 0, longest_place);
    wanted.postcode = body.optional_text("postcode", 0, longest_postcode);
    wanted.country = body.optional_text("country", 0, longest_place);
    if (auto failed = body.failure()) co_return *failed;

    const auto done = co_await stores_.write(
        "update_profile", [&](store& s) { return s.update_profile(what.identity->user_id, wanted); });
    // A token of an account that is gone speaks for nobody.
    if (!done && done.error() == errc::not_found) co_return http::failure(errc::unauthorized, what.request_id);
    if (!done) co_return http::failure(done.error(), what.request_id);
    if (const auto told = co_await invalidate_.after(*done); !told)
      co_return http::failure(told.error(), what.request_id);
    co_return http::success(200, own_profile(done->value));
  }

 private:
  async_store& stores_;
  caching::invalidator& invalidate_;
};

}  // namespace

boost::json::object own_profile(const user& account) {
  const auto& about = account.about;
  return {{"id", account.id},
          {"email", account.email},
          {"name", account.name},
          {"role", to_text(account.role)},
          {"bio", text_or_null(about.bio)},
          {"phone", text_or_null(about.phone)},
          {"address", text_or_null(about.address)},
          {"city", text_or_null(about.city)},
          {"postcode", text_or_null(about.postcode)},
          {"country", text_or_null(about.country)},
          {"createdAt", format_time(account.created_at)}};
}

boost::json::object to_json(const public_profile& shown) {
  boost::json::object json{{"id", shown.id},
                           {"name", shown.name},
                           {"role", to_text(shown.role)},
                           {"bio", text_or_null(shown.bio)},
                           {"city", text_or_null(shown.city)},
                           {"country", text_or_null(shown.country)},
                           {"createdAt", format_time(shown.created_at)}};
  if (shown.role != role::teacher) return json;
  const auto average = average_rating(shown.reviews, shown.ratings_sum);
  json["rating"] = average ? boost::json::value(static_cast<double>(*average) / 100) : boost::json::value();
  json["reviewCount"] = shown.reviews;
  return json;
}

void add_profile_routes(http::router& routes, async_store& stores, caching::invalidator& invalidate) {
  const auto here = std::make_shared<profiles>(stores, invalidate);
  routes.add({verb::get, "/api/users/:id", access::anyone, [here](request& r) { return here->show(r); }});
  routes.add({verb::put, "/api/users/me", access::signed_in, [here](request& r) { return here->change(r); },
              throttle::fan_out});
}

}  // namespace bookings::api

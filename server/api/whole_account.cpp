#include "server/api/whole_account.hpp"

#include "server/api/password_rules.hpp"
#include "server/api/profile_json.hpp"
#include "server/api/shown.hpp"
#include "server/http/body.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace bookings::api {
namespace {

using boost::asio::awaitable;
using boost::beast::http::verb;
using http::access;
using http::reply;
using http::request;

template <class Row>
boost::json::array list_of(const std::vector<Row>& rows) {
  boost::json::array list;
  for (const auto& row : rows) list.push_back(to_json(row));
  return list;
}

boost::json::object whole_of(const account_export& whole, role reader) {
  boost::json::array manual_payments, payments;
  for (const auto& row : whole.manual_payments) manual_payments.push_back(to_json(row, reader));
  for (const auto& row : whole.payments) payments.push_back(to_json(row, reader));
  return {{"exportedAt", format_time(now())},
          {"profile", own_profile(whole.account)},
          {"bookings", list_of(whole.bookings)},
          {"gigs", list_of(whole.gigs)},
          {"reviews", {{"written", list_of(whole.reviews_written)}, {"received", list_of(whole.reviews_received)}}},
          {"manualPayments", std::move(manual_payments)},
          {"payments", std::move(payments)}};
}

class whole_account {
 public:
  whole_account(async_store& stores, caching::invalidator& invalidate, auth::password_pool& passwords)
      : stores_(stores), invalidate_(invalidate), passwords_(passwords) {}

  awaitable<reply> show(request& what) const {
    const auto& who = *what.identity;
    // The text is made on the store's thread too: a busy teacher's is megabytes.
    const auto made = co_await stores_.read("export_account", [&](store& s) -> result<reply> {
      const auto whole = s.export_account(who.user_id);
      if (!whole) return whole.error();
      return http::success(200, whole_of(*whole, who.role));
    });
    if (!made) co_return refused(made.error(), what);
    auto answer = *made;
    answer.set("Content-Disposition", "attachment; filename=\"account-" + who.user_id + ".json\"");
    answer.set("Cache-Control", "no-store");
    co_return answer;
  }

  // {password}: a stolen token is not enough for this.
  awaitable<reply> remove(request& what) const {
    http::body_reader body(what);
    auto password = body.secret("password", 1, longest_password);
    if (auto failed = body.failure()) co_return *failed;

    const auto& who = *what.identity;
    const auto account = co_await stores_.read("find_user", [&](store& s) { return s.find_user(who.user_id); });
    if (!account) co_return refused(account.error(), what);
    const auto matches = co_await passwords_.verify(account->password_hash, std::move(password));
    if (!matches) co_return http::failure(matches.error(), what.request_id);
    if (!*matches) co_return http::failure(errc::wrong_credentials, what.request_id);
    const auto done = co_await stores_.write("delete_account", [&](store& s) {
      return s.delete_account(who.user_id, passwords_.dummy_hash(), who.token_version);
    });
    if (!done) co_return refused(done.error(), what);
    if (const auto told = co_await invalidate_.after(*done); !told)
      co_return http::failure(told.error(), what.request_id);
    reply gone;
    gone.status = 204;
    co_return gone;
  }

 private:
  // A token of an account that is gone speaks for nobody.
  static reply refused(boost::system::error_code error, const request& what) {
    if (error == errc::not_found) return http::failure(errc::unauthorized, what.request_id);
    return http::failure(error, what.request_id);
  }

  async_store& stores_;
  caching::invalidator& invalidate_;
  auth::password_pool& passwords_;
};

}  // namespace

void add_whole_account_routes(http::router& routes, async_store& stores, caching::invalidator& invalidate,
                              auth::password_pool& passwords) {
  const auto here = std::make_shared<whole_account>(stores, invalidate, passwords);
  routes.add({verb::get, "/api/users/me/export", access::signed_in, [here](request& r) { return here->show(r); }});
  routes.add({verb::delete_, "/api/users/me", access::signed_in, [here](request& r) { return here->remove(r); },
              http::throttle::sign_in});
}

}  // namespace bookings::api

#include "server/api/accounts.hpp"

#include "server/api/password_rules.hpp"
#include "server/api/profile_json.hpp"
#include "server/auth/bcrypt.hpp"
#include "server/http/body.hpp"

#include <spdlog/spdlog.h>

#include <array>

namespace bookings::api {
namespace {

using boost::asio::awaitable;
using http::access;
using http::reply;
using http::request;
using http::throttle;
using boost::beast::http::verb;

constexpr std::array<std::string_view, 2> open_roles{"student", "teacher"};

class accounts {
 public:
  accounts(async_store& stores, auth::password_pool& passwords, const auth::token_authority& tokens)
      : stores_(stores), passwords_(passwords), tokens_(tokens) {}

  awaitable<reply> enlist(request& what) const {
    http::body_reader body(what);
    const auto email = normalize_email(body.text("email", 3, 254));
    if (!email && !body.is_rejected("email")) body.reject("email", "must be an email address");
    auto password = body.secret("password", shortest_password, longest_password);
    user account;
    account.name = body.text("name", 1, 100);
    account.role = parse_role(body.one_of("role", open_roles)).value_or(role::student);
    if (auto failed = body.failure()) co_return *failed;

    auto hash = co_await passwords_.hash(std::move(password));
    if (!hash) co_return http::failure(hash.error(), what.request_id);
    account.id = make_id();
    account.email = *email;
    account.password_hash = std::move(*hash);
    account.created_at = now();
    const auto done = co_await stores_.write("create_user", [&](store& s) { return s.create_user(account); });
    if (!done) co_return http::failure(done.error(), what.request_id);
    co_return signed_in(201, account);
  }

  awaitable<reply> login(request& what) const {
    http::body_reader body(what);
    // Anything that is no address is an unknown one: the answer must not tell which it was.
    const auto email = normalize_email(body.text("email", 1, 254)).value_or("");
    auto password = body.secret("password", 1, longest_password);
    if (auto failed = body.failure()) co_return *failed;

    const auto account =
        co_await stores_.read("find_user_by_email", [&](store& s) { return s.find_user_by_email(email); });
    if (!account && account.error() != errc::not_found) co_return http::failure(account.error(), what.request_id);
    // An unknown email costs a hash as well, so that time tells nobody who has an account. Nor has everybody a password:
    // in data of other programs, some sign in elsewhere.
    const bool has_password = account && !account->password_hash.empty();
    const auto hash = has_password ? account->password_hash : passwords_.dummy_hash();
    const auto matches = co_await passwords_.verify(hash, password);
    if (!matches) co_return unverifiable(matches.error(), account ? account->id : id(), what);
    if (!has_password || !*matches) co_return http::failure(errc::wrong_credentials, what.request_id);
    // Told only to those who know the password: others learn nothing about whose account is blocked.
    if (account->state == account_state::blocked) co_return http::failure(errc::blocked, what.request_id);
    if (passwords_.needs_rehash(account->password_hash, password)) co_await rehash(*account, std::move(password));
    co_return signed_in(200, *account);
  }

  awaitable<reply> me(request& what) const {
    const auto account =
        co_await stores_.read("find_user", [&](store& s) { return s.find_user(what.identity->user_id); });
    // A token of an account that is gone speaks for nobody.
    if (!account && account.error() == errc::not_found) co_return http::failure(errc::unauthorized, what.request_id);
    if (!account) co_return http::failure(account.error(), what.request_id);
    co_return http::success(200, own_profile(*account));
  }

 private:
  static reply unverifiable(boost::system::error_code error, const id& user_id, const request& what) {
    if (error == errc::internal)
      spdlog::error("[Auth] The password hash of user {} cannot be verified: neither argon2id nor bcrypt of cost 4 to {}"
                    " (request {})", user_id, auth::most_bcrypt_cost, what.request_id);
    return http::failure(error, what.request_id);
  }

  // The hash's cost is not today's, and here alone is the password at hand. Where it fails, the next login tries again.
  awaitable<void> rehash(const user& account, std::string password) const {
    const auto hash = co_await passwords_.hash(std::move(password));
    if (!hash) co_return;
    (void)co_await stores_.write("rehash_password", [&](store& s) {
      return s.rehash_password(account.id, account.password_hash, *hash);
    });
  }

  reply signed_in(unsigned status, const user& account) const {
    const auto token = tokens_.issue({account.id, account.role, account.token_version});
    auto answer = http::success(status, boost::json::object{{"user", own_profile(account)}, {"token", token}});
    answer.set("Cache-Control", "no-store");
    return answer;
  }

  async_store& stores_;
  auth::password_pool& passwords_;
  const auth::token_authority& tokens_;
};

}  // namespace

void add_account_routes(http::router& routes, async_store& stores, auth::password_pool& passwords,
                        const auth::token_authority& tokens) {
  const auto here = std::make_shared<accounts>(stores, passwords, tokens);
  routes.add({verb::post, "/api/auth/register", access::anyone, [here](request& r) { return here->enlist(r); },
              throttle::sign_in});
  routes.add({verb::post, "/api/auth/login", access::anyone, [here](request& r) { return here->login(r); },
              throttle::sign_in});
  routes.add({verb::get, "/api/auth/me", access::signed_in, [here](request& r) { return here->me(r); }});
}

}  // namespace bookings::api

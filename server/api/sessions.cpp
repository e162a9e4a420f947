#include "server/api/sessions.hpp"

#include "server/api/password_rules.hpp"
#include "server/http/body.hpp"

namespace bookings::api {
namespace {

using boost::asio::awaitable;
using boost::beast::http::verb;
using http::access;
using http::reply;
using http::request;

constexpr std::size_t longest_reason = 500;

class sessions {
 public:
  explicit sessions(session_parts parts) : parts_(parts) {}

  // All of the user's tokens end, on all devices: a token has no name by which one of them could be ended.
  awaitable<reply> logout(request& what) const {
    const auto ended = co_await parts_.stores.write(
        "end_sessions", [&](store& s) { return s.end_sessions(what.identity->user_id); });
    if (!ended) co_return refused(ended.error(), what);
    if (const auto told = co_await parts_.invalidate.after(*ended); !told)
      co_return http::failure(told.error(), what.request_id);
    reply done;
    done.status = 204;
    co_return done;
  }

  // {currentPassword, newPassword}. The reply has a token, since the one that asked has ended with all others.
  awaitable<reply> change_password(request& what) const {
    http::body_reader body(what);
    auto current = body.secret("currentPassword", 1, longest_password);
    auto wanted = body.secret("newPassword", shortest_password, longest_password);
    if (auto failed = body.failure()) co_return *failed;

    const auto& who = *what.identity;
    const auto account = co_await parts_.stores.read("find_user", [&](store& s) { return s.find_user(who.user_id); });
    if (!account) co_return refused(account.error(), what);
    const auto matches = co_await parts_.passwords.verify(account->password_hash, std::move(current));
    if (!matches) co_return http::failure(matches.error(), what.request_id);
    if (!*matches) co_return http::failure(errc::wrong_credentials, what.request_id);
    const auto hash = co_await parts_.passwords.hash(std::move(wanted));
    if (!hash) co_return http::failure(hash.error(), what.request_id);
    // Only if this token is still good at the commit: what another device, or an admin, has ended stays ended.
    const auto changed = co_await parts_.stores.write("change_password", [&](store& s) {
      return s.change_password(who.user_id, *hash, who.token_version);
    });
    if (!changed) co_return refused(changed.error(), what);
    if (const auto told = co_await parts_.invalidate.after(*changed); !told)
      co_return http::failure(told.error(), what.request_id);
    const auto token = parts_.tokens.issue({who.user_id, changed->value.role, changed->value.token_version});
    auto answer = http::success(200, boost::json::object{{"token", token}});
    answer.set("Cache-Control", "no-store");
    co_return answer;
  }

  // {reason?}: what an admin does to another account. `action` is store::block_user or unblock_user, `name` its name.
  using state_action = result<committed<session>> (store::*)(const id&, const id&, const std::optional<std::string>&);
  awaitable<reply> change_state(request& what, std::string_view name, state_action action) const {
    std::optional<std::string> reason;
    if (!what.body.empty()) {  // there is nothing that must be said
      http::body_reader body(what);
      reason = body.optional_text("reason", 1, longest_reason);
      if (auto failed = body.failure()) co_return *failed;
    }
    const auto done = co_await parts_.stores.write(name, [&](store& s) {
      return (s.*action)(what.path_value("id"), what.identity->user_id, reason);
    });
    co_return co_await administered(what, done);
  }

  // {newPassword}
  awaitable<reply> reset_password(request& what) const {
    http::body_reader body(what);
    auto wanted = body.secret("newPassword", shortest_password, longest_password);
    if (auto failed = body.failure()) co_return *failed;
    const auto hash = co_await parts_.passwords.hash(std::move(wanted));
    if (!hash) co_return http::failure(hash.error(), what.request_id);
    const auto done = co_await parts_.stores.write("reset_password", [&](store& s) {
      return s.reset_password(what.path_value("id"), *hash, what.identity->user_id);
    });
    co_return co_await administered(what, done);
  }

 private:
  awaitable<reply> administered(const request& what, const result<committed<session>>& done) const {
    if (!done) co_return http::failure(done.error(), what.request_id);
    if (const auto told = co_await parts_.invalidate.after(*done); !told)
      co_return http::failure(told.error(), what.request_id);
    co_return http::success(200, boost::json::object{{"id", what.path_value("id")},
                                                     {"role", to_text(done->value.role)},
                                                     {"state", to_text(done->value.state)}});
  }

  // An account that is gone meanwhile has no session.
  static reply refused(boost::system::error_code error, const request& what) {
    if (error == errc::not_found) return http::failure(errc::unauthorized, what.request_id);
    return http::failure(error, what.request_id);
  }

  session_parts parts_;
};

}  // namespace

void add_session_routes(http::router& routes, session_parts parts) {
  const auto here = std::make_shared<sessions>(parts);
  routes.add({verb::post, "/api/auth/logout", access::signed_in, [here](request& r) { return here->logout(r); }});
  routes.add({verb::put, "/api/auth/password", access::signed_in,
              [here](request& r) { return here->change_password(r); }, http::throttle::sign_in});
  routes.add({verb::put, "/api/users/:id/block", access::admin,
              [here](request& r) { return here->change_state(r, "block_user", &store::block_user); }});
  routes.add({verb::put, "/api/users/:id/unblock", access::admin,
              [here](request& r) { return here->change_state(r, "unblock_user", &store::unblock_user); }});
  routes.add({verb::put, "/api/users/:id/password", access::admin,
              [here](request& r) { return here->reset_password(r); }});
}

}  // namespace bookings::api

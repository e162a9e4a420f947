#include "server/caching/session_check.hpp"

#include "server/caching/cache_stage.hpp"

#include <fmt/format.h>

namespace bookings::caching {
namespace {

using boost::asio::awaitable;

const reprise::cache_policy policy{.prefix = std::string(sessions_prefix), .log = reprise::request_log::hidden};

std::string form(std::int64_t version, account_state state, role has) {
  return fmt::format(R"({{"version":{},"state":"{}","role":"{}"}})", version, to_text(state), to_text(has));
}

// One user's, read from the store: what the cache has not.
struct reading {
  async_store& stores;
  const id& user_id;

  awaitable<reprise::origin_reply> operator()() const {
    const auto found = co_await stores.read("find_session", [this](store& s) { return s.find_session(user_id); });
    reprise::origin_reply answer;
    if (found)
      answer = {200, "application/json", form(found->token_version, found->state, found->role), {}};
    else
      answer.status = http::status_of(found.error());  // not 2xx: told to this request alone, and not stored
    co_return answer;
  }
};

awaitable<result<void>> check(reprise::response_cache& cache, async_store& stores, http::request& what,
                              const http::route& where) {
  const auto& who = *what.identity;
  reprise::cache_request asked;
  asked.user = who.user_id;
  asked.role = "any";  // the entry says which, so a user has one
  asked.request_id = what.request_id;
  const reading from_store{stores, who.user_id};
  const reprise::origin read = std::cref(from_store);  // as large as a pointer: std::function allocates nothing

  // The session and what it is wanted for, in one round trip.
  auto own = cache.prepare(policy, asked);
  what.looked_up = prepare_lookup(cache, what, where);
  if (what.looked_up) {
    reprise::response_cache::lookup* const both[] = {&own, &what.looked_up};
    co_await cache.look(both);
  }
  const auto got = co_await cache.serve(own, read);
  if (!got) co_return errc::overloaded;
  if (got->status == http::status_of(errc::not_found)) co_return errc::unauthorized;
  if (got->status != 200) co_return errc::store_unavailable;
  // Compared as text, so that a hit parses nothing.
  if (got->body != form(who.token_version, account_state::active, who.role)) co_return errc::unauthorized;
  co_return result<void>();
}

}  // namespace

http::session_check make_session_check(reprise::response_cache& cache, async_store& stores) {
  return [&cache, &stores](http::request& what, const http::route& where) { return check(cache, stores, what, where); };
}

}  // namespace bookings::caching

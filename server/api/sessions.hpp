// What ends tokens: logout, a new password, and what admins do to other accounts. Each is answered only after the
// cached sessions of that user are invalidated, so no node takes an old token afterwards.
#pragma once

#include "server/auth/passwords.hpp"
#include "server/auth/tokens.hpp"
#include "server/caching/invalidations.hpp"
#include "server/http/router.hpp"
#include "server/stores/async_store.hpp"

namespace bookings::api {

struct session_parts {
  async_store& stores;
  caching::invalidator& invalidate;
  auth::password_pool& passwords;
  const auth::token_authority& tokens;
};

// All must outlive the router.
void add_session_routes(http::router& routes, session_parts parts);

}  // namespace bookings::api

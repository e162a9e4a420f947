// Register, login and "who am I". Passwords are hashed on a pool of their own; tokens say the identity from then on.
#pragma once

#include "server/auth/passwords.hpp"
#include "server/auth/tokens.hpp"
#include "server/http/router.hpp"
#include "server/stores/async_store.hpp"

#include <boost/json/object.hpp>

namespace bookings::api {

// All must outlive the router.
void add_account_routes(http::router& routes, async_store& stores, auth::password_pool& passwords,
                        const auth::token_authority& tokens);

}  // namespace bookings::api

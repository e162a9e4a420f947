// bookings-server cache: a running server's cache, asked over HTTP as an admin; or what lies in Redis, without one.
#pragma once

#include "server/command_line.hpp"
#include "server/config.hpp"

namespace bookings {

// The program's exit status: 0 done, 1 the server or Redis cannot be reached or refuses, 2 wrong usage; told on the standard
// error. HOST, PORT, ADMIN_EMAIL and ADMIN_PASSWORD of the configuration say where and as whom, where the question does
// not.
int run_cache(const cache_question& wanted, const config& settings, const secrets& secret);

}  // namespace bookings

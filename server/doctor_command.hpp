// bookings-server doctor: looks at everything that can be wrong between this process, Redis and the store, on the
// command line.
#pragma once

#include "server/command_line.hpp"

namespace bookings {

// Prints what it finds on the standard output, as text or as one JSON object. The program's exit status: 0 nothing bad,
// also where there are warnings; 1 something is bad; 2 wrong configuration, which is told on the standard error.
// Nothing of the store, and of Redis nothing but a key "reprise:doctor:…" that lives for seconds, is changed. No secret
// is printed.
int run_doctor(const command& wanted);

}  // namespace bookings

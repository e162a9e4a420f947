// bookings-server copy: all data of one store into another one, on the command line.
#pragma once

#include "server/command_line.hpp"

#include <csignal>

namespace bookings {

// The program's exit status: 0 done, 2 wrong usage or configuration, which is told on the standard error. Throws
// std::runtime_error where it fails, also where `interrupted` was set meanwhile; another run then goes on. Passwords in
// the URLs are in no text.
int run_copy(const command& wanted, const volatile std::sig_atomic_t& interrupted);

}  // namespace bookings

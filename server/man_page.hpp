// bookings-server man: the manual page, of the commands, options and variables that there are.
#pragma once

#include "server/command_description.hpp"

#include <string>

namespace bookings {

// In man(7)'s macros, for `man -l -` and /usr/share/man/man1.
std::string man_page(const described_command& program, const std::string& version);

}  // namespace bookings

// bookings-server completions: scripts that complete a command line, of the commands and options that there are.
#pragma once

#include "server/command_description.hpp"

#include <string>

namespace bookings {

// For bash 4 or newer, zsh 5 and fish 3. Each asks nobody while it completes: all words are in the script.
std::string bash_completions(const described_command& program);
std::string zsh_completions(const described_command& program);
std::string fish_completions(const described_command& program);

}  // namespace bookings

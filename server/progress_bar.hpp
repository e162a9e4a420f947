// One line that fills up, of a command that takes long.
#pragma once

#include <string>

namespace bookings {

// Shows it where the standard error is a terminal, and says whether it is one: elsewhere lines are for the caller to
// write. Not thread-safe.
bool show_bar(const std::string& what, int percent);
// Ends the line, if there is one.
void end_bar();

}  // namespace bookings

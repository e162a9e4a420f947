// How the texts of log lines are written, so that whatever a client sent stays on one line and sends a terminal no
// commands. Pure functions; logging.cpp puts lines together with them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace bookings::ops {

// "2026-03-01T09:30:00.000Z"
void append_time(std::string& line, std::chrono::system_clock::time_point time);

// The text with control characters (C0, DEL, C1, the Unicode line and paragraph separators) and bytes that are not
// UTF-8 as escapes: \n, \t, \x1b, \xff. A backslash stays as it is.
void append_as_text(std::string& line, std::string_view text);

// The text as a JSON string, in its quotes. Bytes that are not UTF-8 become U+FFFD, since JSON has no other bytes.
void append_as_json(std::string& line, std::string_view text);

}  // namespace bookings::ops

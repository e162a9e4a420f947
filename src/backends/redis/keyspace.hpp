// Walks through a master's keys, for people and tools: what matches is removed, or shown page by page.
#pragma once

#include "src/backends/redis/commands.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace reprise::redis {

// By SCAN and UNLINK; returns how many. `limit` holds for each round trip.
call<std::size_t> remove_matching(std::shared_ptr<connection> wire, const std::string& pattern, deadline limit);

// Where a page begins: master by master. As a text it is the master's number, a colon, and the cursor of its SCAN.
struct scan_cursor {
  std::size_t master = 0;
  std::string within = "0";
};
// Of the first page where the text is empty; absent where it is none.
std::optional<scan_cursor> read_cursor(std::string_view text);

// One page of a master's keys, with what is told of them; three round trips at most.
call<backend::key_page> scan_master(std::shared_ptr<connection> wire, const scan_cursor& from, std::size_t masters,
                                    const std::string& pattern, std::size_t count, deadline limit);

}  // namespace reprise::redis

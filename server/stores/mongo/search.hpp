// The words of a search, as conditions of a query.
#pragma once

#include "server/stores/mongo/document.hpp"

#include <initializer_list>
#include <string_view>
#include <vector>

namespace bookings::mongo {

// Words beyond these are not looked for: each is one more condition.
inline constexpr std::size_t most_search_words = 16;

// For "$and": each word, whatever its case, stands in one of the members. Empty for a search without words. What a
// regular expression would take for a command is escaped.
std::vector<document> search_conditions(std::string_view search, std::initializer_list<const char*> members);

}  // namespace bookings::mongo

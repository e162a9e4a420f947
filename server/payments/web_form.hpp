// Forms as browsers send them, application/x-www-form-urlencoded: made and read. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bookings {

using form_fields = std::vector<std::pair<std::string, std::string>>;  // in their order

// "name=value&…". All but letters, digits, "-", "_", "." and "~" is escaped, in names and in values.
std::string to_form(const form_fields& fields);

// The fields; absent where there are too many of them, a "%" is not followed by two hex digits, a field has no name, or
// a name or value holds a NUL. A value may hold any other bytes, also such as are not UTF-8.
std::optional<form_fields> parse_form(std::string_view form, std::size_t most_fields);

}  // namespace bookings

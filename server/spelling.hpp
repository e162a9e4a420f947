// Near misses of names: for warnings of what is probably a slip.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace bookings {

// How many letters to insert, delete, replace or swap with their neighbour make one text of the other (the "optimal
// string alignment" distance).
std::size_t edit_distance(std::string_view a, std::string_view b);

// The name nearest to `given`, at most two edits away, whatever the case of both. Absent where none is that near, or where
// `given` itself is one of them.
std::optional<std::string_view> nearest_name(std::string_view given, std::span<const std::string_view> names);

// Do both begin with the same three letters, whatever the case?
bool begins_alike(std::string_view a, std::string_view b);

}  // namespace bookings

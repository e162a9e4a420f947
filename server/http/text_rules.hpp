// The rules that texts from clients keep, wherever they come from: shared by body_reader and query_reader.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace bookings::http {

// Without spaces, tabs and line ends around it. A part of the argument.
std::string_view trim(std::string_view text) noexcept;

// What is wrong, in words for the client; absent where nothing is. Lengths are in bytes.
std::optional<std::string> wrong_length(std::size_t length, std::size_t least, std::size_t most);
// The length, and control characters other than "\n" and "\t".
std::optional<std::string> wrong_text(std::string_view text, std::size_t least, std::size_t most);

}  // namespace bookings::http

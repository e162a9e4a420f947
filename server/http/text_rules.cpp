#include "server/http/text_rules.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace bookings::http {

std::string_view trim(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<std::string> wrong_length(std::size_t length, std::size_t least, std::size_t most) {
  if (length == 0 && least > 0) return "must not be empty";
  if (length < least || length > most) return fmt::format("must have {} to {} bytes", least, most);
  return std::nullopt;
}

std::optional<std::string> wrong_text(std::string_view text, std::size_t least, std::size_t most) {
  if (auto wrong = wrong_length(text.size(), least, most)) return wrong;
  const bool controls = std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
  });
  if (controls) return "must not contain control characters";
  return std::nullopt;
}

}  // namespace bookings::http

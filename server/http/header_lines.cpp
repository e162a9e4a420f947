#include "server/http/header_lines.hpp"

#include <boost/beast/core/string.hpp>

#include <algorithm>

namespace bookings::http {
namespace {

constexpr std::size_t usual_bytes = 320;  // of a cached reply's

}  // namespace

bool is_header_text(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

void header_lines::set(std::string_view name, std::string_view value) {
  if (name.empty() || name.find(':') != std::string_view::npos || !is_header_text(name) || !is_header_text(value)) return;
  if (text_.empty()) text_.reserve(usual_bytes);
  text_.append(name).append(": ").append(value).append("\r\n");
}

void header_lines::add_to_list(std::string_view name, std::string_view value) {
  const auto before = find(name);
  if (before.data() == nullptr) return set(name, value);
  if (!is_header_text(value)) return;
  const auto at = static_cast<std::size_t>(before.data() - text_.data()) + before.size();
  text_.insert(at, std::string(", ").append(value));
}

std::string_view header_lines::find(std::string_view name) const noexcept {
  std::string_view found;
  each([&](std::string_view each, std::string_view value) {
    if (found.data() == nullptr && boost::beast::iequals(each, name)) found = value;
  });
  return found;
}

std::size_t header_lines::size() const noexcept {
  std::size_t lines = 0;
  each([&](std::string_view, std::string_view) { ++lines; });
  return lines;
}

}  // namespace bookings::http

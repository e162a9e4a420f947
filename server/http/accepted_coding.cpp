#include "server/http/accepted_coding.hpp"

#include <boost/beast/core/string.hpp>

#include <algorithm>

namespace bookings::http {
namespace {

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view blank = " \t";
  const auto first = text.find_first_not_of(blank);
  return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(blank) - first + 1);
}

// What stands before the next separator, which is taken too.
std::string_view take(std::string_view& text, char separator) noexcept {
  const auto end = std::min(text.find(separator), text.size());
  const auto part = trimmed(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

// "q=0", "q=0.", "q=0.000"
bool is_zero_weight(std::string_view parameter) noexcept {
  if (parameter.size() < 3 || !boost::beast::iequals(parameter.substr(0, 2), "q=")) return false;
  const auto value = parameter.substr(2);
  return value.front() == '0' && value.find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

bool accepts_coding(std::string_view accept_encoding, std::string_view coding) noexcept {
  while (!accept_encoding.empty()) {
    auto item = take(accept_encoding, ',');
    if (!boost::beast::iequals(take(item, ';'), coding)) continue;
    return !is_zero_weight(trimmed(item));
  }
  return false;
}

}  // namespace bookings::http

#include "server/http/query.hpp"

#include "server/http/text_rules.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>

namespace bookings::http {

page_request query_reader::page() {
  page_request wanted;
  wanted.number = static_cast<int>(integer("page", 1, largest_page_number, 1));
  wanted.limit = static_cast<int>(integer("limit", 1, largest_page_limit, default_page_limit));
  return wanted;
}

std::int64_t query_reader::integer(std::string_view name, std::int64_t least, std::int64_t most,
                                   std::int64_t otherwise) {
  const auto text = find(name);
  if (!text) return otherwise;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc() && end == text->data() + text->size() && value >= least && value <= most) return value;
  reject(name, fmt::format("must be a whole number from {} to {}", least, most));
  return otherwise;
}

std::optional<std::string_view> query_reader::optional_one_of(std::string_view name,
                                                              std::span<const std::string_view> names) {
  const auto text = find(name);
  if (!text) return std::nullopt;
  const auto known = std::find(names.begin(), names.end(), *text);
  if (known != names.end()) return *known;
  reject(name, fmt::format("must be one of {}", fmt::join(names, ", ")));
  return std::nullopt;
}

std::optional<std::string> query_reader::optional_text(std::string_view name, std::size_t least, std::size_t most) {
  const auto text = find(name);
  if (!text) return std::nullopt;
  const auto trimmed = trim(*text);
  if (auto wrong = wrong_text(trimmed, least, most)) return reject(name, *wrong), std::nullopt;
  return std::string(trimmed);
}

std::optional<bookings::id> query_reader::optional_id(std::string_view name) {
  const auto text = find(name);
  if (!text) return std::nullopt;
  if (!is_valid_id(*text)) return reject(name, "must be an id of 24 hex digits"), std::nullopt;
  return bookings::id(*text);
}

void query_reader::reject(std::string_view name, std::string_view message) {
  const bool known =
      std::any_of(errors_.begin(), errors_.end(), [&](const field_error& error) { return error.name == name; });
  if (!known) errors_.push_back({std::string(name), std::string(message)});
}

std::optional<reply> query_reader::failure() const {
  if (errors_.empty()) return std::nullopt;
  return http::failure(errc::invalid_field, from_.request_id, errors_);
}

std::optional<std::string_view> query_reader::find(std::string_view name) {
  std::optional<std::string_view> found;
  for (const auto& [key, value] : from_.query) {
    if (key != name) continue;
    if (found) return reject(name, "must stand once"), std::nullopt;
    found = value;
  }
  return found;
}

}  // namespace bookings::http

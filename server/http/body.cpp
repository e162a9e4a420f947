#include "server/http/body.hpp"

#include "server/http/api_style.hpp"
#include "server/http/text_rules.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <cmath>

#include <spdlog/fmt/fmt.h>

namespace bookings::http {
namespace {

namespace json = boost::json;

constexpr std::size_t deepest_nesting = 32;
constexpr std::size_t most_unknown_members = 20;  // named in a reply: it must not grow with what a client makes up
constexpr double largest_exact_integer = 9007199254740992.0;  // 2^53

// Boost.JSON lets the last of two equal members win, silently. In a valid document each colon outside of strings is one
// member, so a tree with fewer members has lost some.
std::size_t count_members(std::string_view valid_json) noexcept {
  std::size_t count = 0;
  bool inside = false;
  for (std::size_t at = 0; at < valid_json.size(); ++at) {
    const char c = valid_json[at];
    if (inside && c == '\\') {
      ++at;
    } else if (c == '"') {
      inside = !inside;
    } else if (c == ':' && !inside) {
      ++count;
    }
  }
  return count;
}

std::size_t count_members(const json::value& value) noexcept {
  std::size_t count = 0;
  if (const auto* object = value.if_object()) {
    count = object->size();
    for (const auto& member : *object) count += count_members(member.value());
  } else if (const auto* array = value.if_array()) {
    for (const auto& element : *array) count += count_members(element);
  }
  return count;
}

}  // namespace

body_reader::body_reader(const request& from)
    : from_(from), memory_(first_bytes_.data(), first_bytes_.size()), root_(&memory_) {
  json::parse_options options;
  options.max_depth = deepest_nesting;
  options.numbers = json::number_precision::precise;  // amounts of money
  boost::system::error_code error;
  auto parsed = json::parse(from.body, error, &memory_, options);
  if (error || !parsed.is_object() || count_members(from.body) != count_members(parsed)) return;
  root_ = std::move(parsed);
  members_ = root_.if_object();
}

body_reader::body_reader(const request& from, const json::object& members, std::string prefix)
    : from_(from), memory_(first_bytes_.data(), first_bytes_.size()), members_(&members), prefix_(std::move(prefix)) {}

body_reader::~body_reader() = default;

std::string body_reader::text(std::string_view name, std::size_t least, std::size_t most) {
  return read_text(name, least, most, presence::required).value_or(std::string());
}

std::optional<std::string> body_reader::optional_text(std::string_view name, std::size_t least, std::size_t most) {
  return read_text(name, least, most, presence::optional);
}

std::string body_reader::secret(std::string_view name, std::size_t least, std::size_t most) {
  const auto* value = find(name, presence::required);
  if (!value) return {};
  const auto* found = value->if_string();
  if (!found) return reject(name, "must be text"), std::string();
  if (auto wrong = wrong_length(found->size(), least, most)) return reject(name, *wrong), std::string();
  if (found->find('\0') != found->npos) return reject(name, "must not contain control characters"), std::string();
  return std::string(*found);
}

std::int64_t body_reader::integer(std::string_view name, std::int64_t least, std::int64_t most) {
  return read_integer(name, least, most, presence::required).value_or(0);
}

std::optional<std::int64_t> body_reader::optional_integer(std::string_view name, std::int64_t least,
                                                          std::int64_t most) {
  return read_integer(name, least, most, presence::optional);
}

double body_reader::number(std::string_view name) { return read_number(name, presence::required).value_or(0); }

std::optional<double> body_reader::optional_number(std::string_view name) {
  return read_number(name, presence::optional);
}

std::string_view body_reader::one_of(std::string_view name, std::span<const std::string_view> names) {
  return read_one_of(name, names, presence::required).value_or(std::string_view());
}

std::optional<std::string_view> body_reader::optional_one_of(std::string_view name,
                                                             std::span<const std::string_view> names) {
  return read_one_of(name, names, presence::optional);
}

bookings::id body_reader::id(std::string_view name) {
  const auto* value = find(name, presence::required);
  if (!value) return {};
  // In Express's style a populated reference is as good as its id: what a list has shown comes back so.
  const auto* populated = present_api_style() == api_style::express ? value->if_object() : nullptr;
  if (populated != nullptr && populated->contains("_id")) value = populated->if_contains("_id");
  const auto* found = value->if_string();
  if (!found || !is_valid_id(*found)) return reject(name, "must be an id of 24 hex digits"), bookings::id();
  return bookings::id(*found);
}

time_point body_reader::time(std::string_view name) {
  const auto* value = find(name, presence::required);
  if (!value) return {};
  const auto* found = value->if_string();
  const auto time = found ? parse_time(*found) : std::nullopt;
  if (!time) reject(name, "must be a time such as 2026-03-01T09:30:00Z");
  return time.value_or(time_point());
}

body_reader* body_reader::optional_object(std::string_view name) {
  const auto* value = find(name, presence::optional);
  if (!value) return nullptr;
  const auto* found = value->if_object();
  if (!found) return reject(name, "must be an object"), nullptr;
  std::unique_ptr<body_reader> reader(new body_reader(from_, *found, prefix_ + std::string(name) + "."));
  return inner_.emplace_back(std::move(reader)).get();
}

void body_reader::reject(std::string_view name, std::string_view message) {
  if (!is_rejected(name)) errors_.push_back({std::string(name), std::string(message)});
}

bool body_reader::is_rejected(std::string_view name) const noexcept {
  return std::any_of(errors_.begin(), errors_.end(), [&](const field_error& error) { return error.name == name; });
}

std::optional<reply> body_reader::failure() {
  if (!members_) return http::failure(errc::malformed, from_.request_id);
  std::vector<field_error> all;
  collect(all);
  if (all.empty()) return std::nullopt;
  return http::failure(errc::invalid_field, from_.request_id, all);
}

// The member, or null: where it is not there (noted if required), or the whole body is malformed.
const json::value* body_reader::find(std::string_view name, presence which) {
  if (!members_) return nullptr;
  asked_.emplace_back(name);
  const auto* found = members_->if_contains(name);
  if (const auto other = other_name(name); !found && !other.empty()) found = members_->if_contains(other);
  if (!found && which == presence::required) reject(name, "is missing");
  return found;
}

std::optional<std::string> body_reader::read_text(std::string_view name, std::size_t least, std::size_t most,
                                                  presence which) {
  const auto* value = find(name, which);
  if (!value) return std::nullopt;
  const auto* found = value->if_string();
  if (!found) return reject(name, "must be text"), std::nullopt;
  const auto trimmed = trim(*found);
  if (auto wrong = wrong_text(trimmed, least, most)) return reject(name, *wrong), std::nullopt;
  return std::string(trimmed);
}

std::optional<std::int64_t> body_reader::read_integer(std::string_view name, std::int64_t least, std::int64_t most,
                                                      presence which) {
  const auto* value = find(name, which);
  if (!value) return std::nullopt;
  std::optional<std::int64_t> whole;
  if (const auto* real = value->if_double()) {
    if (std::abs(*real) <= largest_exact_integer && std::trunc(*real) == *real)
      whole = static_cast<std::int64_t>(*real);
  } else if (const auto* small = value->if_int64()) {
    whole = *small;  // above that it is an uint64, which no limit reaches
  }
  if (whole && *whole >= least && *whole <= most) return whole;
  reject(name, fmt::format("must be a whole number from {} to {}", least, most));
  return std::nullopt;
}

std::optional<double> body_reader::read_number(std::string_view name, presence which) {
  const auto* value = find(name, which);
  if (!value) return std::nullopt;
  const auto found = value->try_to_number<double>();
  if (found && std::isfinite(*found)) return *found;
  reject(name, "must be a number");
  return std::nullopt;
}

std::optional<std::string_view> body_reader::read_one_of(std::string_view name, std::span<const std::string_view> names,
                                                         presence which) {
  const auto* value = find(name, which);
  if (!value) return std::nullopt;
  if (const auto* found = value->if_string()) {
    const auto known = std::find(names.begin(), names.end(), std::string_view(*found));
    if (known != names.end()) return *known;
  }
  reject(name, fmt::format("must be one of {}", fmt::join(names, ", ")));
  return std::nullopt;
}

// All faults of this reader and of the inner ones, under their full names.
void body_reader::collect(std::vector<field_error>& into) {
  std::size_t unknown = 0;
  for (const auto& member : *members_) {
    if (present_api_style() == api_style::express) break;  // Mongoose drops what no schema has
    const std::string_view name = member.key();
    if (std::find(asked_.begin(), asked_.end(), name) != asked_.end()) continue;
    if (++unknown > most_unknown_members) break;
    reject(name, "is unknown");
  }
  for (const auto& error : errors_) into.push_back({prefix_ + error.name, error.message});
  for (const auto& reader : inner_) reader->collect(into);
}

}  // namespace bookings::http

#include "server/domain/change.hpp"

#include "server/domain/id.hpp"

namespace bookings {
namespace {

constexpr change_kind all_kinds[] = {change_kind::user_bookings, change_kind::gig};

std::string_view name_of(change_kind kind) noexcept {
  switch (kind) {
    case change_kind::user_bookings: return "user_bookings";
    case change_kind::gig: return "gig";
  }
  return "";
}

}  // namespace

std::string to_text(const change& what) {
  std::string text(name_of(what.kind));
  text += ':';
  text += what.id;
  return text;
}

std::optional<change> parse_change(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return {};
  const auto name = text.substr(0, colon), thing = text.substr(colon + 1);
  if (!is_valid_id(thing)) return {};
  for (const auto kind : all_kinds) {
    if (name == name_of(kind)) return change{kind, std::string(thing)};
  }
  return {};
}

}  // namespace bookings

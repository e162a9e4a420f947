#include "server/domain/change.hpp"

#include "server/domain/id.hpp"

namespace bookings {
namespace {

constexpr change_kind all_kinds[] = {
    change_kind::user_bookings, change_kind::gig,             change_kind::user_profile, change_kind::user_name,
    change_kind::gig_reviews,   change_kind::teacher_reviews, change_kind::session,
    change_kind::scope};
constexpr std::size_t longest_scope = 200;

std::string_view name_of(change_kind kind) noexcept {
  switch (kind) {
    case change_kind::user_bookings: return "user_bookings";
    case change_kind::gig: return "gig";
    case change_kind::user_profile: return "user_profile";
    case change_kind::user_name: return "user_name";
    case change_kind::gig_reviews: return "gig_reviews";
    case change_kind::teacher_reviews: return "teacher_reviews";
    case change_kind::session: return "session";
    case change_kind::scope: return "scope";
    case change_kind::unknown: break;
  }
  return "";
}

}  // namespace

std::span<const change_kind> known_change_kinds() noexcept { return all_kinds; }

std::string to_text(const change& what) {
  if (what.kind == change_kind::unknown) return what.id;
  std::string text(name_of(what.kind));
  text += ':';
  text += what.id;
  return text;
}

change parse_change(std::string_view text) {
  const change unknown{change_kind::unknown, std::string(text)};
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return unknown;
  const auto name = text.substr(0, colon), thing = text.substr(colon + 1);
  for (const auto kind : all_kinds) {
    if (name != name_of(kind)) continue;
    const bool is_good = kind == change_kind::scope ? !thing.empty() && thing.size() <= longest_scope : is_valid_id(thing);
    if (is_good) return {kind, std::string(thing)};
  }
  return unknown;
}

void showing::add(const showing& more) {
  booking_lists.insert(booking_lists.end(), more.booking_lists.begin(), more.booking_lists.end());
  gig_pages.insert(gig_pages.end(), more.gig_pages.begin(), more.gig_pages.end());
  review_lists.insert(review_lists.end(), more.review_lists.begin(), more.review_lists.end());
}

bool is_shown_elsewhere(const change& what) noexcept {
  return what.kind == change_kind::gig || what.kind == change_kind::user_name;
}

}  // namespace bookings

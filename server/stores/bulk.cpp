#include "server/stores/bulk.hpp"

#include <fmt/format.h>

namespace bookings {

std::string_view to_text(record_kind kind) noexcept {
  switch (kind) {
    case record_kind::users: return "users";
    case record_kind::gigs: return "gigs";
    case record_kind::bookings: return "bookings";
    case record_kind::reviews: return "reviews";
    case record_kind::manual_payments: return "manual payments";
    case record_kind::gateway_payments: return "gateway payments";
    case record_kind::trail: return "trail";
    case record_kind::kept_replies: return "kept replies";
  }
  return "";
}

std::string trail_key(std::int64_t number) { return fmt::format("{:019}", number); }

std::int64_t trail_number(const std::string& key) { return key.empty() ? 0 : std::stoll(key); }

std::string reply_key(const reply_name& of) { return of.user_id + "\n" + of.route + "\n" + of.key; }

reply_name parse_reply_key(const std::string& key) {
  const auto first = key.find('\n');
  const auto second = first == std::string::npos ? first : key.find('\n', first + 1);
  if (second == std::string::npos) return {};
  return {key.substr(0, first), key.substr(first + 1, second - first - 1), key.substr(second + 1)};
}

}  // namespace bookings

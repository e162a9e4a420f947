#include "server/domain/trail.hpp"

namespace bookings {
namespace {

constexpr trail_action all_actions[] = {trail_action::verify_payment, trail_action::reject_payment,
                                        trail_action::refund,         trail_action::release,
                                        trail_action::block_user,     trail_action::unblock_user,
                                        trail_action::reset_password, trail_action::purge_cache};
constexpr trail_subject all_subjects[] = {trail_subject::user, trail_subject::manual_payment, trail_subject::payment,
                                          trail_subject::cache};

}  // namespace

std::string_view to_text(trail_action value) noexcept {
  switch (value) {
    case trail_action::verify_payment: return "verify_payment";
    case trail_action::reject_payment: return "reject_payment";
    case trail_action::refund: return "refund";
    case trail_action::release: return "release";
    case trail_action::block_user: return "block_user";
    case trail_action::unblock_user: return "unblock_user";
    case trail_action::reset_password: return "reset_password";
    case trail_action::purge_cache: return "purge_cache";
  }
  return "";
}

std::optional<trail_action> parse_trail_action(std::string_view text) noexcept {
  for (const auto value : all_actions) {
    if (text == to_text(value)) return value;
  }
  return {};
}

std::string_view to_text(trail_subject value) noexcept {
  switch (value) {
    case trail_subject::user: return "user";
    case trail_subject::manual_payment: return "manual_payment";
    case trail_subject::payment: return "payment";
    case trail_subject::cache: return "cache";
  }
  return "";
}

std::optional<trail_subject> parse_trail_subject(std::string_view text) noexcept {
  for (const auto value : all_subjects) {
    if (text == to_text(value)) return value;
  }
  return {};
}

}  // namespace bookings

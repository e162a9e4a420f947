#include "server/domain/user.hpp"

#include <algorithm>

namespace bookings {
namespace {

constexpr role all_roles[] = {role::student, role::teacher, role::admin};
constexpr account_state all_states[] = {account_state::active, account_state::blocked, account_state::deleted};
constexpr std::size_t longest_email = 254;  // RFC 5321 section 4.5.3.1.3, less the angle brackets

bool is_alphanumeric(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// "atext" of RFC 5322 section 3.2.3: what stands in a local part without quotes.
bool is_local_character(char c) noexcept {
  return is_alphanumeric(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool is_domain_character(char c) noexcept { return is_alphanumeric(c) || c == '-'; }

// Parts of such characters with a dot between each two, none of them empty.
template <class Predicate>
bool is_dotted(std::string_view text, Predicate is_allowed) noexcept {
  bool after_dot = true;
  for (const char c : text) {
    if (c == '.' ? after_dot : !is_allowed(c)) return false;
    after_dot = c == '.';
  }
  return !after_dot;
}

}  // namespace

std::string_view to_text(role value) noexcept {
  switch (value) {
    case role::student: return "student";
    case role::teacher: return "teacher";
    case role::admin: return "admin";
  }
  return "";
}

std::optional<role> parse_role(std::string_view text) noexcept {
  for (const auto value : all_roles) {
    if (text == to_text(value)) return value;
  }
  return {};
}

std::string_view to_text(account_state value) noexcept {
  switch (value) {
    case account_state::active: return "active";
    case account_state::blocked: return "blocked";
    case account_state::deleted: return "deleted";
  }
  return "";
}

std::optional<account_state> parse_account_state(std::string_view text) noexcept {
  for (const auto value : all_states) {
    if (text == to_text(value)) return value;
  }
  return {};
}

result<void> check_administration(const bookings::id& admin, const bookings::id& account) {
  if (admin == account) return errc::unprocessable;
  return {};
}

std::optional<std::string> normalize_email(std::string_view text) {
  if (text.size() > longest_email) return {};
  const auto at = text.find('@');
  if (at == std::string_view::npos) return {};
  if (!is_dotted(text.substr(0, at), is_local_character)) return {};
  if (!is_dotted(text.substr(at + 1), is_domain_character)) return {};

  std::string address(text);
  std::transform(address.begin(), address.end(), address.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return address;
}

}  // namespace bookings

#include "server/auth/bcrypt.hpp"

#include <crypt.h>
#include <sodium.h>

#include <algorithm>
#include <memory>

namespace bookings::auth {
namespace {

constexpr int least_bcrypt_cost = 4;
constexpr std::size_t hash_bytes = 60, cost_at = 4, digest_at = 7;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_base64(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '/';
}

int cost_of(std::string_view hash) { return (hash[cost_at] - '0') * 10 + (hash[cost_at + 1] - '0'); }

// libxcrypt's memory, which holds the password and what is made of it: wiped whatever happens.
struct wiped_data {
  crypt_data all{};
  ~wiped_data() { sodium_memzero(&all, sizeof all); }
};

}  // namespace

bool is_bcrypt(std::string_view hash) noexcept {
  return hash.size() == hash_bytes && (hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$")) &&
         is_digit(hash[cost_at]) && is_digit(hash[cost_at + 1]) && hash[cost_at + 2] == '$' &&
         std::ranges::all_of(hash.substr(digest_at), is_base64);
}

result<bool> verify_bcrypt(const std::string& hash, std::string_view password) {
  if (!is_bcrypt(hash)) return errc::internal;
  if (cost_of(hash) < least_bcrypt_cost || cost_of(hash) > most_bcrypt_cost) return errc::internal;
  if (password.find('\0') != std::string_view::npos) return false;
  const auto data = std::make_unique<wiped_data>();  // 32 KiB: not on a stack
  const auto looked_at = password.substr(0, bcrypt_password_bytes);
  std::copy(looked_at.begin(), looked_at.end(), data->all.input);  // ends with the zero that is there
  const char* made = crypt_rn(data->all.input, hash.c_str(), &data->all, sizeof data->all);
  if (made == nullptr || std::string_view(made).size() != hash_bytes) return errc::internal;
  return sodium_memcmp(made, hash.data(), hash_bytes) == 0;
}

}  // namespace bookings::auth

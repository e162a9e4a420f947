#include "server/auth/remembered_tokens.hpp"

#include <sodium.h>

#include <cstdint>
#include <cstring>

namespace bookings::auth {

remembered_tokens::remembered_tokens() { crypto_shorthash_keygen(key_.data()); }

const identity* remembered_tokens::find(std::string_view token, std::chrono::seconds now) {
  if (token.empty() || token.size() > largest_bytes) return nullptr;
  const auto& here = place_of(token);
  if (here.token.size() != token.size() || now < here.when.from || now >= here.when.until) return nullptr;
  return sodium_memcmp(here.token.data(), token.data(), token.size()) == 0 ? &here.who : nullptr;
}

void remembered_tokens::remember(std::string_view token, const identity& who, validity when) {
  if (token.empty() || token.size() > largest_bytes) return;
  auto& here = place_of(token);
  here.token = token;
  here.who = who;
  here.when = when;
}

auto remembered_tokens::place_of(std::string_view token) -> place& {
  std::array<unsigned char, crypto_shorthash_BYTES> digest;
  crypto_shorthash(digest.data(), reinterpret_cast<const unsigned char*>(token.data()), token.size(), key_.data());
  std::uint64_t number = 0;
  static_assert(sizeof number == crypto_shorthash_BYTES);
  std::memcpy(&number, digest.data(), sizeof number);
  return places_[number % places];
}

}  // namespace bookings::auth

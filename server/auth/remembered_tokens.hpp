// Tokens that were verified a moment ago: a client sends the same one with each request, and checking its signature and
// parsing its claims costs more than the rest of a hit. Only what the token itself says is remembered; whether it
// still speaks for anybody is asked each time (server/caching/session_check.hpp), so an ended one is refused at once.
//
// One table for each thread, of a fixed number of places: a new token takes the place of another. Which place is a keyed
// hash, so that nobody can choose whose. Not thread-safe, and needs not be.
#pragma once

#include "server/domain/user.hpp"

#include <sodium/crypto_shorthash.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bookings::auth {

class remembered_tokens {
 public:
  static constexpr std::size_t places = 1024;
  static constexpr std::size_t largest_bytes = 512;  // ours have about 200; larger ones are verified each time

  remembered_tokens();

  // When a token is good, by its own claims.
  struct validity {
    std::chrono::seconds from{}, until{};
  };
  // Null where it is not remembered, or not good now. Valid until the next call.
  const identity* find(std::string_view token, std::chrono::seconds now);
  void remember(std::string_view token, const identity& who, validity when);

 private:
  struct place {
    std::string token;  // empty: none
    identity who;
    validity when;
  };
  place& place_of(std::string_view token);

  std::array<unsigned char, crypto_shorthash_KEYBYTES> key_;
  std::vector<place> places_ = std::vector<place>(places);
};

}  // namespace bookings::auth

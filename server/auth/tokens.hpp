// JSON Web Tokens (RFC 7519) that say who makes a request. One algorithm, HS256, and no negotiation: negotiation is
// where token libraries fail. For the header of a request use server/auth/guard.hpp instead.
//
//   {"alg":"HS256","typ":"JWT"} . {"sub":"65f0…","role":"student","ver":1,"iat":1772357400,"exp":1772962200} . HMAC-SHA-256
//
// A good signature is not enough: whether the token's version ("ver") is still its user's is asked of the store,
// through the cache, by server/caching/session_check.hpp.
#pragma once

#include "server/domain/errc.hpp"
#include "server/domain/user.hpp"

#include <sodium/crypto_auth_hmacsha256.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bookings::auth {

inline constexpr std::size_t largest_token_bytes = 4096;

// How far ahead of this machine's clock the clock of the node that issued a token may be.
inline constexpr std::chrono::seconds clock_skew{60};

// Issues and verifies tokens. Owns what it derives from the secrets, and wipes it at its end. Thread-safe: nothing
// changes after construction, and the clock must be callable from any thread.
class token_authority {
 public:
  using clock = std::function<std::chrono::system_clock::time_point()>;

  // The first secret signs, all of them verify: while a secret is rotated, the old one stands second.
  // Throws std::invalid_argument where there is no secret.
  token_authority(std::span<const std::string> secrets, std::chrono::seconds ttl, clock now);
  ~token_authority();
  token_authority(const token_authority&) = delete;
  token_authority& operator=(const token_authority&) = delete;

  // A token for `who` that ends after the ttl.
  std::string issue(const identity& who) const;

  // Who the token speaks for; errc::unauthorized for anything that this server would not have issued, or that has
  // ended.
  // Tokens without a version, as older versions issued them, are refused.
  // Nothing of the token is parsed before its signature was compared, in constant time, with each secret's.
  // What this thread has verified before is not verified again (remembered_tokens.hpp).
  result<identity> verify(std::string_view token) const;

  std::chrono::seconds ttl() const noexcept { return ttl_; }

 private:
  struct claims {
    identity who;
    std::chrono::seconds issued{}, ends{};
  };
  result<claims> read(std::string_view token) const;
  bool is_signed_by_us(std::string_view signed_part, std::string_view signature) const;
  std::chrono::seconds seconds_now() const;

  std::vector<crypto_auth_hmacsha256_state> keys_;  // keyed and ready: copied for each use
  std::chrono::seconds ttl_;
  clock now_;
  const std::uint64_t number_;  // of this object among all there ever were
};

}  // namespace bookings::auth

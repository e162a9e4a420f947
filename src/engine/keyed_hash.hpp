// A hash of text that clients choose: SipHash-2-4 (Aumasson and Bernstein, 2012; libsodium's crypto_shorthash) under a key
// drawn for each object, so that nobody can choose keys that all fall into one place.
#pragma once

#include <sodium.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <type_traits>

namespace reprise::engine {

class keyed_hash {
 public:
  using is_transparent = void;           // text is looked up as it is, without a std::string of it
  using is_avalanching = std::true_type; // all bits are good: Boost's containers need not mix them again

  keyed_hash() {
    if (sodium_init() < 0) throw std::runtime_error("libsodium does not start");
    crypto_shorthash_keygen(key_.data());
  }
  std::uint64_t operator()(std::string_view text) const noexcept {
    std::array<unsigned char, crypto_shorthash_BYTES> digest;
    crypto_shorthash(digest.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size(), key_.data());
    std::uint64_t number;
    static_assert(sizeof number == crypto_shorthash_BYTES);
    std::memcpy(&number, digest.data(), sizeof number);
    return number;
  }

 private:
  std::array<unsigned char, crypto_shorthash_KEYBYTES> key_;
};

}  // namespace reprise::engine

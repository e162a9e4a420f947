#include "server/domain/id.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <stdexcept>

namespace bookings {
namespace {

constexpr std::size_t id_bytes = 12;
constexpr std::size_t second_bytes = 4;

}  // namespace

id make_id() {
  // sodium_init may be called again and from any thread; randombytes is thread-safe only after it.
  static const bool ready = sodium_init() >= 0;
  if (!ready) throw std::runtime_error("libsodium cannot be initialised: the system gives no random numbers");

  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds =
      static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count());
  std::array<unsigned char, id_bytes> bytes;
  for (std::size_t i = 0; i < second_bytes; ++i) {
    bytes[i] = static_cast<unsigned char>(seconds >> (8 * (second_bytes - 1 - i)));  // big-endian: text sorts by age
  }
  randombytes_buf(bytes.data() + second_bytes, bytes.size() - second_bytes);

  std::array<char, 2 * id_bytes + 1> text;
  sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  return id(text.data(), 2 * id_bytes);
}

bool is_valid_id(std::string_view text) noexcept {
  return text.size() == 2 * id_bytes && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace bookings

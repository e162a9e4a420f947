#include "src/jobs/digest.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>
#include <string>

namespace reprise::jobs {
namespace {

std::string sha1(std::string_view text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), bytes, &size, EVP_sha1(), nullptr) != 1)
    throw std::runtime_error("SHA-1 is not to be had from OpenSSL");
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    constexpr std::string_view digits = "0123456789abcdef";
    hex += digits[bytes[i] >> 4];
    hex += digits[bytes[i] & 15];
  }
  return hex;
}

}  // namespace

std::string_view digest_of(script which) {
  static const auto digests = [] {
    std::array<std::string, std::size(script_sources)> all;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = sha1(script_sources[i]);
    return all;
  }();
  return digests[static_cast<std::size_t>(which)];
}

}  // namespace reprise::jobs

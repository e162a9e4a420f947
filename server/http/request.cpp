#include "server/http/request.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>

namespace bookings::http {

std::optional<std::string_view> request::parameter(std::string_view name) const noexcept {
  for (const auto& [key, value] : query) {
    if (key == name) return std::string_view(value);
  }
  return std::nullopt;
}

const std::string& request::path_value(std::string_view name) const {
  for (const auto& [key, value] : path_values) {
    if (key == name) return value;
  }
  throw std::logic_error("the route has no segment :" + std::string(name));
}

// By position, so that a member that is added is missed by the compiler where it is missing here.
request request::copy() const {
  return {method, target, path, query, path_values, headers, body, request_id, remote_address, identity, repetition, {}, {}, {}};
}

std::string make_request_id() {
  // 15 characters of 5 bits fit std::string's own buffer (no allocation); 75 random bits in two draws.
  static constexpr std::string_view digits = "0123456789abcdefghjkmnpqrstvwxyz";
  thread_local std::mt19937_64 random{[] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }()};
  std::string id(15, '0');
  auto bits = random();
  for (std::size_t at = 0; at < id.size(); ++at, bits >>= 5) {
    if (at == 12) bits = random();
    id[at] = digits[bits & 31];
  }
  return id;
}

bool is_request_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

}  // namespace bookings::http

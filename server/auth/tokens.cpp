#include "server/auth/tokens.hpp"

#include "server/auth/remembered_tokens.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <sodium.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>

namespace bookings::auth {
namespace json = boost::json;
namespace {

constexpr int base64url = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
constexpr std::size_t mac_bytes = crypto_auth_hmacsha256_BYTES;
using mac = std::array<unsigned char, mac_bytes>;

// base64url of {"alg":"HS256","typ":"JWT"}: the header of every token that this server issues.
constexpr std::string_view own_header = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string encode(const unsigned char* bytes, std::size_t size) {
  std::string text(sodium_base64_encoded_len(size, base64url), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes, size, base64url);
  text.pop_back();  // the NUL that sodium writes
  return text;
}

// Absent unless `text` is the one canonical form of some bytes: no padding, no other character, unused bits zero.
std::optional<std::string> decode(std::string_view text) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  std::size_t size = 0;
  auto* out = reinterpret_cast<unsigned char*>(bytes.data());
  if (sodium_base642bin(out, bytes.size(), text.data(), text.size(), nullptr, &size, nullptr, base64url) != 0)
    return {};
  bytes.resize(size);
  return bytes;
}

mac sign(crypto_auth_hmacsha256_state key, std::string_view text) {
  mac signature;
  crypto_auth_hmacsha256_update(&key, bytes_of(text), text.size());
  crypto_auth_hmacsha256_final(&key, signature.data());
  sodium_memzero(&key, sizeof key);
  return signature;
}

struct token_parts {
  std::string_view header, payload, signature;
  std::string_view signed_part;  // header.payload
};

std::optional<token_parts> split(std::string_view token) {
  auto first = token.find('.');
  auto last = token.rfind('.');
  if (first == std::string_view::npos || first == last) return {};
  token_parts parts{token.substr(0, first), token.substr(first + 1, last - first - 1), token.substr(last + 1),
                    token.substr(0, last)};
  if (parts.payload.find('.') != std::string_view::npos) return {};
  return parts;
}

// The object that the base64url text holds; absent where it is anything else. It lives in `memory`.
std::optional<json::object> parse_part(std::string_view part, json::storage_ptr memory) {
  auto text = decode(part);
  if (!text) return {};
  boost::system::error_code error;
  auto value = json::parse(*text, error, std::move(memory));
  if (error || !value.is_object()) return {};
  return std::move(value.get_object());
}

// RFC 7515 section 4.1.11: a token with critical extensions must be refused by who does not know them, and we know
// none.
bool is_header_good(std::string_view part, json::storage_ptr memory) {
  if (part == own_header) return true;
  auto header = parse_part(part, std::move(memory));
  if (!header) return false;
  auto is_text = [&](std::string_view name, std::string_view wanted) {
    const auto* member = header->if_contains(name);
    return member != nullptr && member->is_string() && member->get_string() == wanted;
  };
  return is_text("alg", "HS256") && (!header->contains("typ") || is_text("typ", "JWT")) && !header->contains("crit");
}

std::optional<std::string_view> text_member(const json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  if (member == nullptr || !member->is_string()) return {};
  return std::string_view(member->get_string());
}

// Whole numbers alone: JSON's 1.5e9 is a floating-point number here, and refused.
std::optional<std::int64_t> natural_member(const json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  if (member == nullptr || !member->is_int64() || member->get_int64() < 0) return {};
  return member->get_int64();
}

std::uint64_t next_number() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

token_authority::token_authority(std::span<const std::string> secrets, std::chrono::seconds ttl, clock now)
    : ttl_(ttl), now_(std::move(now)), number_(next_number()) {
  if (secrets.empty()) throw std::invalid_argument("token_authority needs a secret");
  if (sodium_init() < 0) throw std::runtime_error("libsodium does not start");
  keys_.resize(secrets.size());
  for (std::size_t i = 0; i < secrets.size(); ++i)
    crypto_auth_hmacsha256_init(&keys_[i], bytes_of(secrets[i]), secrets[i].size());
}

token_authority::~token_authority() { sodium_memzero(keys_.data(), keys_.size() * sizeof keys_[0]); }

std::string token_authority::issue(const identity& who) const {
  auto now = seconds_now();
  json::object payload{{"sub", who.user_id},
                       {"role", to_text(who.role)},
                       {"ver", who.token_version},
                       {"iat", now.count()},
                       {"exp", (now + ttl_).count()}};
  auto text = json::serialize(payload);
  std::string token(own_header);
  token += '.';
  token += encode(bytes_of(text), text.size());
  auto signature = sign(keys_.front(), token);
  token += '.';
  token += encode(signature.data(), signature.size());
  return token;
}

result<identity> token_authority::verify(std::string_view token) const {
  // Of the authority that this thread asked last: a server has one.
  thread_local remembered_tokens known;
  thread_local std::uint64_t known_by = 0;
  if (std::exchange(known_by, number_) != number_) known = remembered_tokens();
  if (const auto* who = known.find(token, seconds_now())) return *who;
  const auto found = read(token);
  if (!found) return found.error();
  known.remember(token, found->who, {found->issued - clock_skew, found->ends});
  return found->who;
}

auto token_authority::read(std::string_view token) const -> result<claims> {
  if (token.size() > largest_token_bytes) return errc::unauthorized;
  auto parts = split(token);
  if (!parts || !is_signed_by_us(parts->signed_part, parts->signature)) return errc::unauthorized;

  std::array<unsigned char, 2048> buffer;  // enough for our own claims: then nothing is allocated
  json::monotonic_resource memory(buffer.data(), buffer.size());
  if (!is_header_good(parts->header, &memory)) return errc::unauthorized;
  auto said = parse_part(parts->payload, &memory);
  if (!said) return errc::unauthorized;

  auto subject = text_member(*said, "sub");
  auto role = parse_role(text_member(*said, "role").value_or(""));
  auto version = natural_member(*said, "ver");
  auto issued = natural_member(*said, "iat");
  auto ends = natural_member(*said, "exp");
  if (!subject || !is_valid_id(*subject) || !role || !version || !issued || !ends) return errc::unauthorized;
  auto now = seconds_now();
  if (*ends <= now.count() || *issued > (now + clock_skew).count()) return errc::unauthorized;
  return claims{identity{bookings::id(*subject), *role, *version}, std::chrono::seconds(*issued), std::chrono::seconds(*ends)};
}

bool token_authority::is_signed_by_us(std::string_view signed_part, std::string_view signature) const {
  auto given = decode(signature);
  if (!given || given->size() != mac_bytes) return false;
  bool matches = false;
  for (const auto& key : keys_) {  // all of them, always: the time says nothing of which one signed
    auto expected = sign(key, signed_part);
    matches |= sodium_memcmp(expected.data(), given->data(), mac_bytes) == 0;
  }
  return matches;
}

std::chrono::seconds token_authority::seconds_now() const {
  return std::chrono::floor<std::chrono::seconds>(now_().time_since_epoch());
}

}  // namespace bookings::auth

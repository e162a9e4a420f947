#include "server/payments/notification.hpp"

#include "server/payments/web_form.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <map>
#include <new>

namespace bookings {
namespace {

using fault = notification_fault;
using field_map = std::map<std::string, std::string, std::less<>>;  // sorted by name, as the signature wants it

constexpr std::size_t most_transaction_id = 30, most_validation_id = 100, most_status = 40;

// Lower-case hex of a hash. MD5 is what the gateway signs with: weak as a hash, but here it is keyed by a secret that
// is inside what is hashed, and nothing rests on it alone.
std::string hex_digest(const EVP_MD* kind, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
  unsigned int size = 0;
  // Fails where memory is out, and where the system's policy forbids the hash.
  if (EVP_Digest(text.data(), text.size(), bytes.data(), &size, kind, nullptr) != 1) throw std::bad_alloc();
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += digits[bytes[i] >> 4];
    hex += digits[bytes[i] & 0xf];
  }
  return hex;
}

bool is_equal_in_constant_time(std::string_view given, std::string_view wanted) {
  return given.size() == wanted.size() && CRYPTO_memcmp(given.data(), wanted.data(), wanted.size()) == 0;
}

bool is_name_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

// Of letters and such alone. Beyond keeping logs and URLs clean this matters for the signature: values are joined
// without being escaped, so a value with "&" in it could be the tail of its neighbour.
bool is_name(std::string_view text, std::size_t most) noexcept {
  return text.size() <= most && std::all_of(text.begin(), text.end(), is_name_character);
}

// The fields by name; absent where the form is none, too large, or has a field twice.
std::optional<field_map> read_fields(std::string_view form) {
  if (form.size() > most_notification_bytes) return {};
  auto fields = parse_form(form, most_notification_fields);
  if (!fields) return {};
  field_map by_name;
  for (auto& [name, value] : *fields) {
    if (!by_name.emplace(std::move(name), std::move(value)).second) return {};
  }
  return by_name;
}

std::string_view value_of(const field_map& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

// The fields that verify_key names and that are there.
field_map named_by(std::string_view verify_key, const field_map& fields) {
  field_map named;
  while (!verify_key.empty()) {
    const auto comma = verify_key.find(',');
    if (const auto found = fields.find(verify_key.substr(0, comma)); found != fields.end()) named.insert(*found);
    verify_key = comma == std::string_view::npos ? std::string_view() : verify_key.substr(comma + 1);
  }
  return named;
}

std::string signature_of(field_map named, std::string_view store_password, const EVP_MD* kind) {
  named.insert_or_assign("store_passwd", hex_digest(kind, store_password));  // whatever the form says of it itself
  std::string joined;
  for (const auto& [name, value] : named) joined += (joined.empty() ? "" : "&") + name + "=" + value;
  return hex_digest(kind, joined);
}

}  // namespace

notification_result read_notification(std::string_view form, std::string_view store_password) {
  const auto fields = read_fields(form);
  if (!fields) return fault{fault::kind::malformed, "it is no form, too large, or has a field twice"};
  const auto signature = value_of(*fields, "verify_sign"), strong_signature = value_of(*fields, "verify_sign_sha2");
  const auto named = named_by(value_of(*fields, "verify_key"), *fields);
  if (named.empty() || (signature.empty() && strong_signature.empty()))
    return fault{fault::kind::not_signed, "it is not signed"};

  // Both are compared always, so that the time does not tell which one was wrong.
  const bool is_right = is_equal_in_constant_time(signature, signature_of(named, store_password, EVP_md5()));
  const bool is_strongly_right =
      is_equal_in_constant_time(strong_signature, signature_of(named, store_password, EVP_sha256()));
  if (!(is_right || signature.empty()) || !(is_strongly_right || strong_signature.empty()))
    return fault{fault::kind::wrong_signature, "its signature is wrong"};

  gateway_notification read;
  read.transaction_id = value_of(named, "tran_id");
  read.validation_id = value_of(named, "val_id");
  read.status = value_of(named, "status");
  if (read.transaction_id.empty() || !is_name(read.transaction_id, most_transaction_id))
    return fault{fault::kind::malformed, "it has no signed tran_id of 1 to 30 letters, digits and such"};
  if (!is_name(read.validation_id, most_validation_id)) return fault{fault::kind::malformed, "its val_id is none"};
  if (!is_name(read.status, most_status)) return fault{fault::kind::malformed, "its status is none"};
  return read;
}

std::optional<std::string> claimed_transaction_id(std::string_view form) {
  const auto fields = read_fields(form);
  if (!fields) return {};
  const auto claimed = value_of(*fields, "tran_id");
  if (claimed.empty() || !is_name(claimed, most_transaction_id)) return {};
  return std::string(claimed);
}

}  // namespace bookings

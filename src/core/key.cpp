#include "reprise/key.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>

#include <sodium.h>

#include <algorithm>
#include <array>

namespace reprise {
namespace {

constexpr std::size_t longest_name_bytes = 64;
constexpr std::size_t longest_query_bytes = 256;
constexpr std::string_view shared_user = "shared";  // stands where a user id would: no user may be called so

std::string hashed(std::string_view text) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest;
  crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size());
  std::array<char, crypto_hash_sha256_BYTES * 2 + 1> hex;
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
  return std::string("sha256:") + hex.data();
}

void append_json_string(std::string& out, std::string_view text) {
  out += boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

}  // namespace

bool is_valid_name(std::string_view text) noexcept {
  if (text.empty() || text.size() > longest_name_bytes) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  });
}

std::optional<scope> scope::of_user(std::string_view prefix, std::string_view user) {
  if (!is_valid_name(prefix) || !is_valid_name(user) || user == shared_user) return std::nullopt;
  return scope(std::string(prefix) + ":user:" + std::string(user), prefix.size());
}

std::optional<scope> scope::shared(std::string_view prefix) {
  if (!is_valid_name(prefix)) return std::nullopt;
  return scope(std::string(prefix) + ":user:" + std::string(shared_user), prefix.size());
}

std::optional<scope> scope::of_thing(std::string_view prefix, std::string_view thing) {
  if (!is_valid_name(prefix) || !is_valid_name(thing)) return std::nullopt;
  return scope(std::string(prefix) + ":id:" + std::string(thing), prefix.size());
}

std::optional<scope> scope::parse(std::string_view name) {
  const auto first = name.find(':'), second = name.find(':', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  const auto prefix = name.substr(0, first), kind = name.substr(first + 1, second - first - 1), what = name.substr(second + 1);
  if (kind == "id") return of_thing(prefix, what);
  if (kind != "user") return std::nullopt;
  return what == shared_user ? shared(prefix) : of_user(prefix, what);
}

std::string scope::stem(key_style style) const {
  if (style == key_style::plain) return name_;
  const auto last = name_.rfind(':') + 1;  // no part of a name has a ':'
  std::string tagged;
  tagged.reserve(name_.size() + 2);
  return tagged.append(name_, 0, last).append(1, '{').append(name_, last).append(1, '}');
}

std::optional<std::string> scope::entry_key(std::string_view role, std::string_view canonical_query, key_style style) const {
  std::string key;
  key.reserve(name_.size() + role.size() + canonical_query.size() + 18);
  if (style == key_style::plain)
    key += name_;
  else
    key += stem(style);
  if (!role.empty()) {
    if (!is_valid_name(role)) return std::nullopt;
    key.append(":role:").append(role);
  }
  key.append(":query:").append(canonical_query);
  return key;
}

std::string lock_key(std::string_view entry_key) { return std::string(entry_key) + ":fill"; }

std::string canonical_query(const parameters& query, const std::vector<std::string>& names) {
  if (query.empty() || names.empty()) return "{}";
  // Pointers, not copies: a thousand unknown parameters cost a thousand comparisons and nothing else.
  std::vector<const parameters::value_type*> chosen;
  for (const auto& parameter : query)
    if (std::find(names.begin(), names.end(), parameter.first) != names.end()) chosen.push_back(&parameter);
  std::stable_sort(chosen.begin(), chosen.end(), [](auto* a, auto* b) { return a->first < b->first; });

  std::string text = "{";
  for (std::size_t i = 0; i < chosen.size();) {
    std::size_t end = i + 1;
    while (end < chosen.size() && chosen[end]->first == chosen[i]->first) ++end;
    if (i > 0) text += ',';
    append_json_string(text, chosen[i]->first);
    text += end - i > 1 ? ":[" : ":";
    for (std::size_t k = i; k < end; ++k) {
      if (k > i) text += ',';
      append_json_string(text, chosen[k]->second);
    }
    if (end - i > 1) text += ']';
    i = end;
  }
  text += '}';
  return text.size() > longest_query_bytes ? hashed(text) : text;
}

std::string escape_pattern(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    if (std::string_view("*?[]^-\\").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace reprise

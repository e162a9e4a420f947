#include "server/http/target.hpp"

#include <algorithm>
#include <optional>

namespace bookings::http {
namespace {

enum class plus { is_itself, is_space };

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Absent where the encoding is broken or what it yields is not text: not UTF-8, or with NUL.
std::optional<std::string> decode(std::string_view text, plus how) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (c == '%') {
      if (text.size() - at < 3) return std::nullopt;
      const int high = hex_value(text[at + 1]), low = hex_value(text[at + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      at += 2;
    } else if (c == '+' && how == plus::is_space) {
      c = ' ';
    }
    if (c == '\0') return std::nullopt;
    out += c;
  }
  if (!is_utf8(out)) return std::nullopt;
  return out;
}

// Absent where a parameter cannot be decoded or there are too many.
std::optional<parameters> decode_query(std::string_view query) {
  parameters out;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.empty()) continue;
    if (out.size() == most_query_parameters) return std::nullopt;
    const auto equals = std::min(part.find('='), part.size());
    auto name = decode(part.substr(0, equals), plus::is_space);
    auto value = decode(part.substr(std::min(equals + 1, part.size())), plus::is_space);
    if (!name || !value) return std::nullopt;
    out.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

// Drops "http://host" from an absolute-form; empty where the target is neither form.
std::string_view without_origin(std::string_view target) noexcept {
  if (target.starts_with('/')) return target;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const auto slash = target.find('/', scheme.size());
    if (slash == scheme.size() || slash == target.npos) return {};
    return target.substr(slash);
  }
  return {};
}

}  // namespace

result<target_parts> parse_target(std::string_view target) {
  target_parts parts;
  parts.origin_form = without_origin(target);
  if (parts.origin_form.empty()) return errc::malformed;
  for (const char c : parts.origin_form) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f || byte == '#') return errc::malformed;
  }
  const auto question = std::min(parts.origin_form.find('?'), parts.origin_form.size());
  auto path = decode(parts.origin_form.substr(0, question), plus::is_itself);
  if (!path) return errc::malformed;
  parts.path = std::move(*path);
  if (question < parts.origin_form.size()) {
    auto query = decode_query(parts.origin_form.substr(question + 1));
    if (!query) return errc::malformed;
    parts.query = std::move(*query);
  }
  return parts;
}

std::string decode_segment(std::string_view segment) {
  return decode(segment, plus::is_itself).value_or(std::string());
}

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = [&](std::size_t offset) { return static_cast<unsigned char>(text[at + offset]); };
    const auto first = byte(0);
    if (first < 0x80) {
      ++at;
      continue;
    }
    // The length, and the range of the second byte, which is what rules out overlong forms and surrogates (table 3-7 of
    // the Unicode standard).
    std::size_t length = 0;
    unsigned char least = 0x80, most = 0xbf;
    if (first >= 0xc2 && first <= 0xdf) {
      length = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
      length = 3;
      if (first == 0xe0) least = 0xa0;
      if (first == 0xed) most = 0x9f;
    } else if (first >= 0xf0 && first <= 0xf4) {
      length = 4;
      if (first == 0xf0) least = 0x90;
      if (first == 0xf4) most = 0x8f;
    }
    if (length == 0 || text.size() - at < length || byte(1) < least || byte(1) > most) return false;
    for (std::size_t offset = 2; offset < length; ++offset) {
      if ((byte(offset) & 0xc0) != 0x80) return false;
    }
    at += length;
  }
  return true;
}

}  // namespace bookings::http

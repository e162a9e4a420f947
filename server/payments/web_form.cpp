#include "server/payments/web_form.hpp"

namespace bookings {
namespace {

bool is_unreserved(char c) noexcept {  // RFC 3986 section 2.3
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

void append_escaped(std::string& form, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    if (is_unreserved(c)) {
      form += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    form += '%';
    form += digits[byte >> 4];
    form += digits[byte & 0xf];
  }
}

int value_of_hex(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> unescape(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i] == '+' ? ' ' : text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return {};
      const int high = value_of_hex(text[i + 1]), low = value_of_hex(text[i + 2]);
      if (high < 0 || low < 0) return {};
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return {};
    plain += c;
  }
  return plain;
}

}  // namespace

std::string to_form(const form_fields& fields) {
  std::string form;
  for (const auto& [name, value] : fields) {
    if (!form.empty()) form += '&';
    append_escaped(form, name);
    form += '=';
    append_escaped(form, value);
  }
  return form;
}

std::optional<form_fields> parse_form(std::string_view form, std::size_t most_fields) {
  form_fields fields;
  while (!form.empty()) {
    const auto end = form.find('&');
    const auto part = form.substr(0, end);
    form = end == std::string_view::npos ? std::string_view() : form.substr(end + 1);
    if (part.empty()) continue;
    if (fields.size() == most_fields) return {};
    const auto equals = part.find('=');
    auto name = unescape(part.substr(0, equals));
    auto value = unescape(equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1));
    if (!name || name->empty() || !value) return {};
    fields.emplace_back(std::move(*name), std::move(*value));
  }
  return fields;
}

}  // namespace bookings

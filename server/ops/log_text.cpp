#include "server/ops/log_text.hpp"

#include <cstdint>
#include <cstdio>

namespace bookings::ops {
namespace {

constexpr char32_t no_character = 0xffffffff;

struct decoded {
  char32_t character = no_character;  // no_character: the one byte is not UTF-8
  std::size_t bytes = 1;
};

// The character at the start of a text that is not empty (RFC 3629 section 4: shortest forms alone, no surrogates).
decoded decode(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  char32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
  char32_t character = lead & (0x7fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    character = character << 6 | (byte(i) & 0x3fu);
  }
  bool is_shortest = bytes == 2 || (bytes == 3 && character >= 0x800) || (bytes == 4 && character >= 0x10000);
  bool is_scalar = character <= 0x10ffff && (character < 0xd800 || character > 0xdfff);
  if (!is_shortest || !is_scalar) return {};
  return {character, bytes};
}

bool is_control(char32_t c) noexcept {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029;
}

void append_format(std::string& line, const char* format, unsigned value) {
  char escape[16];
  line.append(escape, static_cast<std::size_t>(std::snprintf(escape, sizeof escape, format, value)));
}

bool append_short_escape(std::string& line, char32_t c) {
  switch (c) {
    case '\n': line += "\\n"; return true;
    case '\r': line += "\\r"; return true;
    case '\t': line += "\\t"; return true;
    default: return false;
  }
}

}  // namespace

void append_time(std::string& line, std::chrono::system_clock::time_point time) {
  auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time);
  auto day = std::chrono::floor<std::chrono::days>(milliseconds);
  std::chrono::year_month_day date(day);
  std::chrono::hh_mm_ss clock(milliseconds - day);
  char text[64];
  int size = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                           static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                           static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                           static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  line.append(text, static_cast<std::size_t>(size));
}

void append_as_text(std::string& line, std::string_view text) {
  while (!text.empty()) {
    auto [character, bytes] = decode(text);
    if (character != no_character && !is_control(character)) {
      line.append(text.substr(0, bytes));
    } else if (!append_short_escape(line, character)) {
      for (char each : text.substr(0, bytes)) append_format(line, "\\x%02x", static_cast<unsigned char>(each));
    }
    text.remove_prefix(bytes);
  }
}

void append_as_json(std::string& line, std::string_view text) {
  line += '"';
  while (!text.empty()) {
    auto [character, bytes] = decode(text);
    if (character == no_character) {
      line += "\xef\xbf\xbd";
    } else if (character == '"' || character == '\\') {
      line += '\\';
      line += static_cast<char>(character);
    } else if (!is_control(character)) {
      line.append(text.substr(0, bytes));
    } else if (!append_short_escape(line, character)) {
      append_format(line, "\\u%04x", static_cast<unsigned>(character));
    }
    text.remove_prefix(bytes);
  }
  line += '"';
}

}  // namespace bookings::ops

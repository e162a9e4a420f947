#include "server/dotenv.hpp"

#include "server/config_values.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <optional>

namespace bookings {
namespace {

constexpr std::uintmax_t largest_file_bytes = 1 << 20;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_name(std::string_view text) noexcept {
  auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && is_letter(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

parsed<char> unescape(char c) {
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case '"': case '\'': case '\\': case '$': return c;
    default: return problem{"has an unknown character behind a backslash (single quotes keep a backslash as it is)"};
  }
}

// A value that begins with a quote; behind the other one only a comment may follow.
parsed<std::string> read_quoted(std::string_view text) {
  char quote = text.front();
  std::string value;
  std::size_t i = 1;
  for (; i < text.size() && text[i] != quote; ++i) {
    char c = text[i];
    if (quote == '"' && c == '\\' && i + 1 < text.size()) {
      auto meant = unescape(text[++i]);
      if (!meant) return meant.error();
      c = *meant;
    }
    value += c;
  }
  if (i == text.size()) return problem{"has a quote without its other half on the same line"};
  auto rest = text.substr(i + 1);
  auto tail = trim(rest);
  if (!tail.empty() && !(tail.front() == '#' && is_blank(rest.front())))
    return problem{"has something behind the closing quote"};
  return value;
}

std::string read_bare(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '#' && (i == 0 || is_blank(text[i - 1]))) return std::string(trim(text.substr(0, i)));
  return std::string(text);
}

// One line that is neither empty nor a comment.
std::optional<problem> read_line(std::string_view line, std::map<std::string, std::string>& values) {
  if (line.starts_with("export") && line.size() > 6 && is_blank(line[6])) line = trim(line.substr(6));
  auto equals = line.find('=');
  if (equals == std::string_view::npos) return problem{"is not KEY=value"};
  auto name = line.substr(0, equals);
  if (!is_name(name)) {
    if (is_name(trim(name))) return problem{"has a space before the ="};
    return problem{"has no valid name before the = (letters, digits and _ alone)"};
  }
  auto rest = trim(line.substr(equals + 1));
  bool is_quoted = rest.starts_with('"') || rest.starts_with('\'');
  auto value = is_quoted ? read_quoted(rest) : parsed<std::string>(read_bare(rest));
  if (!value) return value.error();
  if (!values.emplace(name, *value).second) return problem{"sets " + std::string(name) + " a second time"};
  return {};
}

bool has_control_character(std::string_view line) noexcept {
  return std::ranges::any_of(line, [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

}  // namespace

dotenv parse_dotenv(std::string_view text, std::string_view file_name) {
  dotenv found;
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = trim(line);
    if (line.empty() || line.front() == '#') continue;
    auto wrong = has_control_character(line) ? std::optional(problem{"has a control character"})
                                             : read_line(line, found.values);
    if (!wrong) continue;
    found.errors.push_back(std::string(file_name) + ":" + std::to_string(number) + ": the line " + wrong->what);
  }
  return found;
}

dotenv read_dotenv(const std::filesystem::path& file) {
  auto fail = [&](const std::string& why) { return dotenv{{}, {file.string() + ": " + why}}; };
  std::error_code error;
  auto status = std::filesystem::status(file, error);
  if (status.type() == std::filesystem::file_type::not_found) return {};
  if (error) return fail("cannot be read: " + error.message());
  if (status.type() == std::filesystem::file_type::directory) return fail("is a directory, not a file");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail("cannot be read: check its permissions");
  std::string text;
  for (char c; text.size() <= largest_file_bytes && stream.get(c);) text += c;
  if (stream.bad()) return fail("cannot be read");
  if (text.size() > largest_file_bytes) return fail("is larger than 1 MiB, and so hardly what it should be");
  return parse_dotenv(text, file.string());
}

}  // namespace bookings

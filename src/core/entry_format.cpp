#include "src/core/entry_format.hpp"

#include "src/core/compression.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace reprise::core {
namespace {

constexpr std::string_view version = "RP1";
constexpr std::array<std::string_view, 2> encodings{"identity", "zstd"};  // in the order of the enum
constexpr std::size_t longest_field_bytes = 128;
constexpr std::size_t longest_header_bytes = 512;

bool is_token(std::string_view text) noexcept {
  return !text.empty() && text.size() <= longest_field_bytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_line(std::string_view text) noexcept {
  return text.size() <= longest_field_bytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

// Takes what stands before the next space, and the space.
std::optional<std::string_view> take(std::string_view& line) noexcept {
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto field = line.substr(0, space);
  line.remove_prefix(space + 1);
  return field;
}

template <class Number>
std::optional<Number> take_number(std::string_view& line) noexcept {
  const auto field = take(line);
  if (!field || field->empty() || (field->size() > 1 && field->front() == '0')) return std::nullopt;
  Number value{};
  const auto [end, error] = std::from_chars(field->data(), field->data() + field->size(), value);
  if (error != std::errc() || end != field->data() + field->size() || field->front() == '-') return std::nullopt;
  return value;
}

std::optional<encoding> take_encoding(std::string_view& line) noexcept {
  const auto field = take(line);
  for (std::size_t i = 0; field && i < encodings.size(); ++i)
    if (*field == encodings[i]) return static_cast<encoding>(i);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> encode_entry(const entry_header& header, std::string_view body) {
  if (!is_token(header.generation) || !is_token(header.etag) || !is_line(header.content_type)) return std::nullopt;
  if (header.status < 100 || header.status > 999 || header.created.time_since_epoch().count() < 0 ||
      header.fresh_until.time_since_epoch().count() < 0)
    return std::nullopt;
  std::string bytes;
  bytes.reserve(longest_header_bytes + body.size());
  const auto field = [&bytes](std::string_view text) { bytes.append(text).push_back(' '); };
  field(version);
  field(header.generation);
  field(std::to_string(header.created.time_since_epoch().count()));
  field(std::to_string(header.fresh_until.time_since_epoch().count()));
  field(std::to_string(header.status));
  field(encodings[static_cast<std::size_t>(header.encoding)]);
  field(std::to_string(body.size()));
  field(header.etag);
  bytes.append(header.content_type).push_back('\n');
  bytes.append(body);
  return bytes;
}

std::optional<decoded_entry> decode_entry(std::string_view bytes) noexcept {
  const auto line_end = bytes.substr(0, longest_header_bytes).find('\n');
  if (line_end == std::string_view::npos) return std::nullopt;
  auto line = bytes.substr(0, line_end);
  decoded_entry entry{{}, bytes.substr(line_end + 1), 0};

  if (take(line) != version) return std::nullopt;
  const auto generation = take(line);
  const auto created = take_number<std::int64_t>(line);
  const auto fresh_until = take_number<std::int64_t>(line);
  const auto status = take_number<unsigned>(line);
  const auto written = take_encoding(line);
  const auto body_bytes = take_number<std::size_t>(line);
  const auto etag = take(line);
  if (!generation || !is_token(*generation) || !created || !fresh_until || !status || *status < 100 || *status > 999 ||
      !written || body_bytes != entry.body.size() || !etag || !is_token(*etag) || !is_line(line))
    return std::nullopt;
  entry.header = {*generation, wall_time(std::chrono::milliseconds(*created)),
                  wall_time(std::chrono::milliseconds(*fresh_until)), *status, *etag, line, *written};
  const auto plain = *written == encoding::zstd ? plain_bytes(entry.body) : std::optional(entry.body.size());
  if (!plain) return std::nullopt;
  entry.plain_bytes = *plain;
  return entry;
}

std::string_view beginning_of(std::string_view bytes) noexcept {
  const auto start = bytes.substr(0, longest_header_bytes);
  return start.substr(0, start.find('\n'));
}

std::string body_tag(std::string_view body) {
  static_assert(crypto_generichash_BYTES_MIN <= 16);
  std::array<unsigned char, 16> digest;
  crypto_generichash(digest.data(), digest.size(), reinterpret_cast<const unsigned char*>(body.data()), body.size(),
                     nullptr, 0);
  std::array<char, 17> hex;
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), 8);
  return hex.data();
}

}  // namespace reprise::core

// The bytes of an entry: one header line in ASCII, then the body as sent, so that `redis-cli GET` shows readable JSON.
//
//   RP1 <generation> <created> <fresh-until> <status> <encoding> <body bytes> <etag> <content type>\n<body>
//
//   RP1           format version; entries of another version are misses
//   generation    the token under which it was filled; no spaces, at most 128 bytes
//   created       milliseconds since 1970, UTC, decimal; fresh-until likewise
//   status        three digits
//   encoding      identity or zstd (compression.hpp)
//   body bytes    decimal; must be exactly what follows the line
//   etag          hex digits of the weak tag of the plain body, without W/ and quotes
//   content type  the rest of the line; printable ASCII, at most 128 bytes; may be empty, for what is no HTTP reply
#pragma once

#include "reprise/encoding.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reprise::core {

using wall_time = std::chrono::sys_time<std::chrono::milliseconds>;

struct entry_header {
  std::string_view generation;
  wall_time created, fresh_until;
  unsigned status = 0;
  std::string_view etag;
  std::string_view content_type;
  reprise::encoding encoding = reprise::encoding::identity;
};

struct decoded_entry {
  entry_header header;
  std::string_view body;        // as it is stored: in the header's encoding
  std::size_t plain_bytes = 0;  // of the body as it was sent; for zstd what it says of itself, to be checked
};

// Absent where a field of the header cannot be written: a space in the generation, a line break in the content type.
// `body` in the header's encoding.
std::optional<std::string> encode_entry(const entry_header& header, std::string_view body);

// Views into `bytes`. Absent for anything that encode_entry does not make.
std::optional<decoded_entry> decode_entry(std::string_view bytes) noexcept;

// What tells an entry from every other under its key: its header line, or what stands in its place.
std::string_view beginning_of(std::string_view bytes) noexcept;

// 16 hex digits of a hash of the body: every node gives the same body the same tag.
std::string body_tag(std::string_view body);

}  // namespace reprise::core

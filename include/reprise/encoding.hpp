// How the bytes of a reply are written: as they are, or compressed with zstd (RFC 8878; in HTTP "Content-Encoding: zstd").
// docs/features/compression.md
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace reprise {

enum class encoding { identity, zstd };  // the codings that are known

// A compressed body is two frames: the first byte of the plain body alone, in exactly so many bytes, and the rest. So a
// server can put something else in that byte's place without decompressing anything: zstd_frame() of the text that is
// to stand there, and the body without its first frame.
inline constexpr std::size_t zstd_first_frame_bytes = 10;

// Text as a zstd frame of its own, not compressed: nine bytes and the text. Frames one after another are a zstd body.
// REQUIRES: at most 255 bytes.
std::string zstd_frame(std::string_view text);

}  // namespace reprise

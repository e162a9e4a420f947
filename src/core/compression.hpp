// Bodies of entries under zstd, in two frames (reprise/encoding.hpp says why). Pure. Thread-safe: each thread keeps a
// context of its own.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace reprise::core {

// Absent where it would not become smaller.
std::optional<std::string> compress_body(std::string_view plain);

// How many bytes a compressed body says that it has in plain; absent where it is not what compress_body() makes. Reads a
// few bytes: whatever is compressed may still be broken, or say too little.
std::optional<std::size_t> plain_bytes(std::string_view compressed) noexcept;

// Absent where it is broken, or says that it is larger than `largest_bytes`: never takes more memory than that.
std::optional<std::string> decompress_body(std::string_view compressed, std::size_t largest_bytes);

}  // namespace reprise::core

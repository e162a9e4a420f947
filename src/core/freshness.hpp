// When an entry may be served: its generation is its scope's, its stamp is the node's, and its time is not over.
#pragma once

#include "src/core/entry_format.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace reprise::core {

// What a lookup's two values mean to a node.
enum class verdict {
  hit,
  absent,       // no generation, or no entry
  foreign,      // the generation carries another stamp: another Redis's data, another deployment's, a purged prefix's
  outdated,     // the entry is of an earlier generation: its scope was invalidated since
  expired,      // its time is over
  undecodable,  // the entry's bytes are not of this format
};

struct judged {
  verdict what = verdict::absent;
  decoded_entry entry;  // where what == hit
};

// `generation` and `entry` as read in one round trip; `stamp` is the node's for this prefix. Pure.
judged judge(const std::optional<std::string_view>& generation, const std::optional<std::string_view>& entry,
             std::string_view stamp, wall_time now) noexcept;

// The same for an entry that is decoded already.
verdict judge(const std::optional<std::string_view>& generation, const decoded_entry& entry, std::string_view stamp,
              wall_time now) noexcept;

// Does a generation begin with this stamp? An empty stamp matches nothing.
bool has_stamp(std::string_view generation, std::string_view stamp) noexcept;

// Whole seconds since the entry was made, never negative: clocks of two machines differ.
std::chrono::seconds age_of(const entry_header& header, wall_time now) noexcept;
// Whole seconds that it may still be served, never negative.
std::chrono::seconds remaining(const entry_header& header, wall_time now) noexcept;

}  // namespace reprise::core

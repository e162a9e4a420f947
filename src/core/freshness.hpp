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
  decoded_entry entry;  // where what == hit or expired
};

// `generation` and `entry` as read in one round trip; `stamp` is the node's for this prefix. Pure.
judged judge(const std::optional<std::string_view>& generation, const std::optional<std::string_view>& entry,
             std::string_view stamp, wall_time now) noexcept;

// The same for an entry that is decoded already.
verdict judge(const std::optional<std::string_view>& generation, const decoded_entry& entry, std::string_view stamp,
              wall_time now) noexcept;

// How far a policy goes beyond an entry's time.
struct leeway {
  double early_refresh = 0;                       // the last part of its time, in which it is read anew
  std::chrono::seconds stale_while_revalidate{0};  // after its time
  std::chrono::seconds stale_if_error{0};
};

enum class use {
  serve,
  serve_and_refresh,  // and have it read anew behind the reply
  read,               // there is nothing to serve
  read_or_serve,      // read, and serve it where that fails
};

// Only what is valid is ever served: an entry that was invalidated is read, whatever the leeway. Pure.
use use_of(const judged& what, const leeway& allowed, wall_time now) noexcept;

// Does a generation begin with this stamp? An empty stamp matches nothing.
bool has_stamp(std::string_view generation, std::string_view stamp) noexcept;

// Whole seconds since the entry was made, never negative: clocks of two machines differ.
std::chrono::seconds age_of(const entry_header& header, wall_time now) noexcept;
// Whole seconds until it expires; negative where it has expired, as RFC 9211 writes it.
std::chrono::seconds remaining(const entry_header& header, wall_time now) noexcept;

// Is it in the last `part` of its time? 0: never; 0.1: in the last tenth.
bool is_due(const entry_header& header, wall_time now, double part) noexcept;
// Is it within so much time after it expired, or has it not?
bool is_within(const entry_header& header, wall_time now, std::chrono::seconds after) noexcept;

// `ttl` shortened by up to `part` of it. REQUIRES: part and random in [0,1].
std::chrono::milliseconds shortened(std::chrono::milliseconds ttl, double part, double random) noexcept;

}  // namespace reprise::core

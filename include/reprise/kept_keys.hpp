// What lies in the backend, as people and tools see it: a page of keys, and one entry. Never on a request's way.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace reprise {

enum class key_kind { entry, generation, index, lock, other };

// Would it be used? An entry of another generation than its scope's present one is dead, and so is a generation of
// another stamp than this process's. Unknown where this process does not use the cache itself, and for what has no
// generation.
enum class key_state { current, dead, unknown };

struct kept_key {
  std::string key;
  std::string scope;  // "bookings:user:123"; empty for a key that is none of ours
  key_kind kind = key_kind::other;
  key_state state = key_state::unknown;
  std::size_t size = 0;  // bytes; of an index: entries that it lists
  std::optional<std::chrono::milliseconds> ttl{};
  std::optional<std::chrono::milliseconds>
      age{};  // of an entry, by this process's clock: since it was read from the origin
};

struct kept_keys {
  std::vector<kept_key> keys;
  std::string next;  // the cursor of the next page; empty: that was all
};

struct kept_entry {
  kept_key facts;
  std::string generation;
  unsigned status = 0;
  std::string tag, content_type;
  bool is_compressed = false;
  std::chrono::milliseconds fresh_for{0};  // negative once its time is over
  std::string body;                        // plain; its first bytes where `is_cut`
  std::size_t body_bytes = 0;              // of all of it
  bool is_cut = false;
};

}  // namespace reprise

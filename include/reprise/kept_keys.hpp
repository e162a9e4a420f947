// What lies in the backend, as people and tools see it: a page of keys, and one entry. Never on a request's way.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace reprise {

enum class key_kind { entry, generation, index, lock, other };  // as key.hpp names them; other: none of ours

// Would it be used? An entry of another generation than its scope's present one is dead, and so is a generation of
// another stamp than this process's. Unknown where this process does not use the cache itself, and for what has no
// generation.
enum class key_state { current, dead, unknown };

struct kept_key {  // one key
  std::string key;  // its name
  std::string scope;  // "bookings:user:123"; empty for a key that is none of ours
  key_kind kind = key_kind::other;  // which
  key_state state = key_state::unknown;  // now
  std::size_t size = 0;  // bytes; of an index: entries that it lists
  std::optional<std::chrono::milliseconds> ttl{};  // absent: it has none
  std::optional<std::chrono::milliseconds>
      age{};  // of an entry, by this process's clock: since it was read from the origin
};

struct kept_keys {
  std::vector<kept_key> keys;  // in no order
  std::string next;  // the cursor of the next page; empty: that was all
};

struct kept_entry {  // one entry, with its body
  kept_key facts;  // as in a page
  std::string generation;  // that it was filled under
  unsigned status = 0;  // of HTTP
  std::string tag, content_type;  // as in cached_reply
  bool is_compressed = false;  // where it lies
  std::chrono::milliseconds fresh_for{0};  // negative once its time is over
  std::string body;                        // plain; its first bytes where `is_cut`
  std::size_t body_bytes = 0;              // of all of it
  bool is_cut = false;  // there is more
};

}  // namespace reprise

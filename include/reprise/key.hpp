// The names of things in Redis. Every entry belongs to exactly one scope, the unit of invalidation.
//
//   entry       bookings:user:123:role:student:query:{"status":"accepted"}
//   generation  bookings:user:123:gen      a token; missing means that nothing in this scope is valid
//   index       bookings:user:123:keys     the scope's entry keys by expiry, for tidying and counting only
//   fill lock   <entry key>:fill           who is filling; limits work, never needed for correctness
//
// Prefixes, user ids, roles and the ids of things are names: [A-Za-z0-9_.-]{1,64}. So no id can end a key early, match
// another user's keys as a pattern, or choose a cluster slot.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reprise {

// Decoded query parameters in any order; a name may stand more than once.
using parameters = std::vector<std::pair<std::string, std::string>>;

bool is_valid_name(std::string_view text) noexcept;  // [A-Za-z0-9_.-]{1,64}

// How keys are written. In a Redis Cluster the last part of the scope's name stands in braces, bookings:user:{123}:role:…,
// which makes it the key's hash tag: so all keys of a scope lie in one slot, and those of different users do not. Without that,
// the braces of the query's JSON are the hash tag, and all users with the same filter share a slot.
enum class key_style { plain, hash_tagged };

// A value type. Thread-safe as std::string is.
class scope {
 public:
  // "bookings:user:123". Absent where the prefix or the user is no valid name.
  static std::optional<scope> of_user(std::string_view prefix, std::string_view user);
  // "gigs:user:shared": one scope for a route whose reply is the same for everybody.
  static std::optional<scope> shared(std::string_view prefix);
  // "gigs:id:55": a scope of its own for each thing.
  static std::optional<scope> of_thing(std::string_view prefix, std::string_view thing);
  // The scope that has this name, as name() gives it; absent where none can.
  static std::optional<scope> parse(std::string_view name);

  const std::string& name() const noexcept { return name_; }  // "bookings:user:123"
  std::string_view prefix() const noexcept { return std::string_view(name_).substr(0, prefix_bytes_); }  // "bookings"
  std::string generation_key(key_style style = key_style::plain) const { return stem(style) + ":gen"; }  // see above
  std::string index_key(key_style style = key_style::plain) const { return stem(style) + ":keys"; }  // see above
  // `role` is empty for a thing's scope, which has no roles. Absent where the role is no valid name.
  std::optional<std::string> entry_key(std::string_view role, std::string_view canonical_query,
                                       key_style style = key_style::plain) const;
  // How its keys begin: its name, with the hash tag where there is one.
  std::string stem(key_style style) const;

  friend bool operator==(const scope&, const scope&) = default;
  friend auto operator<=>(const scope& a, const scope& b) { return a.name_ <=> b.name_; }

 private:
  scope(std::string name, std::size_t prefix_bytes) : name_(std::move(name)), prefix_bytes_(prefix_bytes) {}
  std::string name_;
  std::size_t prefix_bytes_;
};

std::string lock_key(std::string_view entry_key);  // of the entry's fill lock

// The query part of an entry's key: a JSON object of those parameters that `names` lists, sorted by name, values as
// strings, a repeated one as an array in its own order; "{}" for none. Parameters that `names` lacks make no difference.
// Where that is longer than 256 bytes it is "sha256:<64 hex digits>" of it.
std::string canonical_query(const parameters& query, const std::vector<std::string>& names);

// Text with every character escaped that a Redis glob pattern gives a meaning: * ? [ ] ^ - and the backslash.
std::string escape_pattern(std::string_view text);

}  // namespace reprise

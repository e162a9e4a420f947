// What a write changed, in the domain's words. The store writes each change as an outbox row in the write's own
// transaction; server/caching/invalidations.cpp is the one table from changes to the scopes that they invalidate.
#pragma once

#include "server/domain/errc.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bookings {

enum class change_kind {
  user_bookings,  // id is a user: the list of that user's bookings
  gig,            // id is a gig: its own page, the lists of gigs, and every list of bookings that shows it
};

struct change {
  change_kind kind;
  std::string id;
  friend bool operator==(const change&, const change&) = default;
};

// The text of an outbox row, "user_bookings:65f0…" or "gig:65f0…", and back; absent where the text is no such thing.
std::string to_text(const change& what);
std::optional<change> parse_change(std::string_view text);

// What a committed write hands to the invalidation: its value, its outbox rows, and the users whose lists showed the
// thing when the transaction looked. Whoever invalidates asks the store again after the commit and takes the union
// of both: either alone misses a concurrent change.
struct outbox_row {
  std::int64_t number = 0;
  change what;
};
template <class T>
struct committed {
  T value;
  std::vector<outbox_row> rows;
  std::vector<std::string> shown_to;  // ids of users
};

}  // namespace bookings

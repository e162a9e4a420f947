// What a write changed, in the domain's words. The store writes each change as an outbox row in the write's own
// transaction; server/caching/invalidations.cpp is the one table from changes to the scopes that they invalidate.
#pragma once

#include "server/domain/errc.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bookings {

enum class change_kind {
  user_bookings,    // id is a user: the list of that user's bookings
  gig,              // id is a gig: its own page, the lists of gigs, and every list of bookings or reviews that shows it
  user_profile,     // id is a user: the public profile
  user_name,        // id is a user: the public profile, and everything else that shows the name
  gig_reviews,      // id is a gig: the lists of its reviews
  teacher_reviews,  // id is a teacher: the lists of reviews over all their gigs, and their rating in the profile
  session,          // id is a user: what that user's tokens are held against
  scope,            // id is a cache scope's name, "bookings:user:65f0…": a purge by hand
  unknown,          // id is a row's text that this version cannot read: another one wrote it, or it is corrupt. Never
                    // written. Whoever meets it must take it for a change of everything.
};
// Those that are written.
std::span<const change_kind> known_change_kinds() noexcept;

struct change {
  change_kind kind;
  std::string id;
  friend bool operator==(const change&, const change&) = default;
};

// The text of an outbox row, "user_bookings:65f0…" or "gig:65f0…", and back; of the kind `unknown` where the text is no
// such thing.
std::string to_text(const change& what);
change parse_change(std::string_view text);

// Where a changed thing is shown by what is another's: a gig's title among bookings, a user's name in nearly
// everything. Empty for a change that only its own places show.
struct showing {
  std::vector<std::string> booking_lists;  // of these users
  std::vector<std::string> gig_pages;      // of these gigs; where there are any, the lists of gigs show it too
  std::vector<std::string> review_lists;   // of these gigs and teachers
  void add(const showing& more);
  friend bool operator==(const showing&, const showing&) = default;
};

// Is a change of this kind shown by what is another's at all?
bool is_shown_elsewhere(const change& what) noexcept;

// What a committed write hands to the invalidation: its value, its outbox rows, and where the thing was shown when the
// transaction looked. Whoever invalidates asks the store again after the commit and takes the union of both: either
// alone misses a concurrent change.
struct outbox_row {
  std::int64_t number = 0;
  change what;
};
template <class T>
struct committed {
  T value;
  std::vector<outbox_row> rows;
  showing shown_in;
};

}  // namespace bookings

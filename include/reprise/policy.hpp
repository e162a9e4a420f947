// How one route is cached. A policy is data: one line a route, for example
//
//   {.prefix = "bookings", .ttl = 600s, .vary_query = {"status", "page", "limit", "sort"}}
//
// Only GET replies with a 2xx status are stored, unless the policy says more. An entry that was invalidated is never served,
// whatever the policy.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace reprise {

enum class audience {  // whom a reply is for, and so what its scope is
  per_user,  // the reply depends on who asks: keys by user and role
  shared,    // the same for everybody: one scope for the route
  thing,     // the same for everybody, one scope for each thing that the request names
};

// Whether each request is a HIT or MISS line of the log, at debug. `hidden` ones are at trace: for lookups that the
// server makes for itself with every request, which would drown the others.
enum class request_log { shown, hidden };

// What this process keeps of a route's entries itself (L1), beside the backend.
//
//   off        nothing
//   validated  the body; each hit asks the backend for the generation alone. The same promise as without.
//   tracked    the generation too: a hit asks nobody. The server tells of changes; until it has, another node's write is
//              not seen here: outside the promise, by a millisecond or two. What is written through this node is seen at once.
enum class local_copies { off, validated, tracked };

struct cache_policy {  // how one route is cached
  // The name of the cached resource, the first part of its keys. A valid name (key.hpp).
  std::string prefix;
  // How long an entry may be served. A safety net, since invalidation is exact. Absent: options::default_ttl.
  std::optional<std::chrono::seconds> ttl{};
  // The query parameters that the reply depends on. All others make no difference to the key.
  std::vector<std::string> vary_query{};
  reprise::audience audience = audience::per_user;
  // Parameters that make a request go to the origin, uncached, where they are there at all: a free-text search.
  std::vector<std::string> bypass_query{};
  // The largest body that is stored; a larger one is answered and counted. docs/features/local_copies.md
  std::size_t largest_entry_bytes = 1024 * 1024;
  // Absent: options::local for what is the same for everybody, off for what is each user's own.
  // docs/features/local_copies.md
  std::optional<local_copies> local{};
  reprise::request_log log = request_log::shown;

  // Bodies of at least so many bytes are stored under zstd, where that makes them smaller. Absent: none.
  // docs/features/compression.md
  std::optional<std::size_t> compress_from_bytes{};
  // Each entry's time is shortened at random by up to this part of it, so that what was filled together does not expire
  // together. In [0,1). docs/features/jitter.md
  double jitter = 0;
  // How long a 404 may be served. Absent: none is stored. Whatever makes the thing must invalidate its scope.
  // docs/features/not_found.md
  std::optional<std::chrono::seconds> not_found_ttl{};
  // A hit in the last part of an entry's time also has it read anew, behind its reply, by one request of all nodes.
  // In [0,1): 0.1 is the last tenth, 0 never. docs/features/refresh.md
  double early_refresh = 0;
  // How long after its time an entry may still be served, while it is read anew behind the reply.
  // docs/features/refresh.md
  std::chrono::seconds stale_while_revalidate{0};
  // How long after its time an entry may still be served where the origin fails: it throws, answers 5xx, or has no place.
  // docs/features/stale_if_error.md
  std::chrono::seconds stale_if_error{0};
};

}  // namespace reprise

// From what a write changed to what is invalidated. The one table of which change touches which scopes is scopes_of();
// `invalidator` is what controllers call between a write's commit and its reply.
#pragma once

#include "reprise/invalidation_log.hpp"
#include "reprise/response_cache.hpp"
#include "server/domain/change.hpp"
#include "server/stores/async_store.hpp"

#include <boost/asio/awaitable.hpp>

#include <vector>

namespace bookings::caching {

// The scopes that a change invalidates. `shown_to`: the users whose lists of bookings show the changed thing.
std::vector<reprise::scope> scopes_of(const change& what, const std::vector<id>& shown_to);

// Does the scopes of this change depend on who is shown the thing? Then the store is asked, also after the commit.
bool is_shown_elsewhere(const change& what) noexcept;

// Thread-safe. Must outlive the coroutines that use it.
class invalidator {
 public:
  invalidator(reprise::response_cache& cache, async_store& stores) : cache_(cache), stores_(stores) {}

  // Invalidates what a committed write changed. A failure is not the client's: the write's rows stay in the outbox, and
  // the cache is bypassed until the relay has repeated them.
  template <class T>
  boost::asio::awaitable<void> after(const committed<T>& write) {
    return after(write.rows, write.shown_to);
  }

 private:
  boost::asio::awaitable<void> after(std::vector<outbox_row> rows, std::vector<id> shown_to);

  reprise::response_cache& cache_;
  async_store& stores_;
};

}  // namespace bookings::caching

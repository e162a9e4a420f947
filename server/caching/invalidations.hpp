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

// The scopes that a change invalidates: its own places, and those of others that show the changed thing.
std::vector<reprise::scope> scopes_of(const change& what, const showing& elsewhere);

// Thread-safe. Must outlive the coroutines that use it.
class invalidator {
 public:
  invalidator(reprise::response_cache& cache, async_store& stores) : cache_(cache), stores_(stores) {}

  // Invalidates what a committed write changed, and waits until no node can show what was before. Stands between the
  // commit and every reply that tells of the write; `write` must outlive the coroutine. errc::not_acknowledged: the
  // reply must be that and no acknowledgement (the write has happened, and its rows in the outbox see to the rest).
  template <class T>
  [[nodiscard]] boost::asio::awaitable<result<void>> after(const committed<T>& write) {
    return after(write.rows, write.shown_in);
  }
  // As after(), for every write that has committed by now: stands before a refusal that tells of somebody else's.
  [[nodiscard]] boost::asio::awaitable<result<void>> settled();

 private:
  boost::asio::awaitable<result<void>> after(const std::vector<outbox_row>& rows, const showing& seen);

  reprise::response_cache& cache_;
  async_store& stores_;
};

}  // namespace bookings::caching

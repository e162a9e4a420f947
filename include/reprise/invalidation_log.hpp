// The durable list of invalidations, kept by whoever keeps the data: the outbox. Rows are written by the store, in the same
// transaction as the write that they tell of; the engine only reads, repeats and acknowledges them.
//
// Implement it over your store so that an invalidation survives a crash and an outage of Redis. make_volatile_log() gives
// one that remembers nothing: then an invalidation that is lost is lost until the entry's TTL ends.
//
// Thread-safe. Errors of every call: errc::log_unavailable.
#pragma once

#include "reprise/errc.hpp"
#include "reprise/key.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace reprise {

class invalidation_log {
 public:
  template <class T>
  using awaitable = boost::asio::awaitable<result<T>>;

  // One row, with the scopes that it invalidates as the store sees them now.
  struct row {
    std::int64_t number = 0;
    std::vector<scope> scopes;
  };

  virtual ~invalidation_log() = default;
  // Notes that `identity` is in use, and returns its nonce: drawn anew where that identity was not in use within the last
  // hour, so that whatever such a Redis still holds is dead.
  virtual awaitable<std::string> claim(std::string identity) = 0;
  // Rows that the identity has not acknowledged, oldest first, at most `limit`; younger ones than `at_least` are left out.
  virtual awaitable<std::vector<row>> pending(std::string identity, std::chrono::milliseconds at_least,
                                              std::size_t limit) = 0;
  virtual awaitable<void> acknowledge(std::string identity, std::vector<std::int64_t> numbers) = 0;
  // A counter for each prefix that was ever purged as a whole, part of its generations' stamp.
  virtual awaitable<std::map<std::string, std::int64_t>> epochs() = 0;
  virtual awaitable<std::int64_t> bump_epoch(std::string prefix) = 0;
};

std::shared_ptr<invalidation_log> make_volatile_log();

}  // namespace reprise

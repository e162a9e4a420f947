// What the protocol asks of the place where the data is: the outbox, a lease for each node, the nonces of identities and the
// epochs of prefixes. Rows are written by the store, in the transaction of the write that they tell of; the engine reads,
// repeats and acknowledges them, and makes writes wait for whoever may still show what was before
// (docs/consistency.md has the rules and their reasons).
//
// Implement it over your store. make_volatile_log() gives one in memory: an invalidation that Redis has not executed when the
// process ends is lost until the entry's TTL ends, and nobody knows of other processes.
//
// Thread-safe. What is passed by reference must live until the call ends. Errors of every call: errc::log_unavailable; the
// outcome is then unknown.
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
  using awaitable = boost::asio::awaitable<result<T>>;  // what every call returns
  using row_number = std::int64_t;  // grows with each row

  virtual ~invalidation_log() = default;

  // identities -------------------------------------------------------------------------------------------------------
  // Notes that `identity` is in use, and returns its nonce: drawn anew, in the same transaction, where no claim named that
  // identity within the last hour, so that whatever such a Redis still holds is dead. Then the rows of before (but no
  // intent) count as acknowledged by it.
  virtual awaitable<std::string> claim(std::string identity) = 0;

  // the outbox -------------------------------------------------------------------------------------------------------
  // One row, with the scopes that it invalidates as the store sees them now.
  struct row {
    row_number number = 0;  // which
    std::vector<scope> scopes;  // what it invalidates
    // False for an intent: its write may not have happened yet. It is repeated, and no acknowledgement of it counts.
    bool is_settled = true;
    // What it invalidates cannot be told: a newer version wrote it, or it is corrupt. So it is everything that this table
    // (options::table) may have made; `scopes` does not matter.
    bool is_everything = false;
  };
  // What a pass of the relay reads, all of it in one snapshot that began after the call.
  struct pass {
    std::string nonce;      // the identity's; empty where it was forgotten: then nothing of this identity may be used
    std::vector<row> rows;  // not acknowledged by the identity, oldest first
    bool is_last = true;    // false: there are more rows
    std::int64_t epoch = 0;                       // grows by one with each purge of a prefix
    // Of each prefix that was ever purged, the epoch of its last purge; and under "#" and a table's hash, which is no prefix,
    // of all that was made by that table.
    std::map<std::string, std::int64_t> epochs;
  };
  struct pass_request {  // what read_pass() is asked for
    std::string identity;  // for whom: whose acknowledgements count
    // Rows younger than this are left to their writer, unless it said await_rows().
    std::chrono::milliseconds at_least{0};
    std::size_t limit = 500;
    std::vector<row_number> except{};  // sorted: rows that the caller has in hand
  };
  virtual awaitable<pass> read_pass(const pass_request& wanted) = 0;  // see pass
  // Rows for what no write tells of, such as a purge by hand. Committed when it returns.
  virtual awaitable<std::vector<row_number>> append(std::vector<scope> scopes) = 0;
  // A row may be deleted once every identity that is claimed or leased has acknowledged it.
  virtual awaitable<void> acknowledge(std::string identity, std::vector<row_number> numbers) = 0;
  // The writers of these rows wait: their age no longer matters to read_pass().
  virtual awaitable<void> await_rows(std::vector<row_number> numbers) = 0;
  // Raises the prefix's epoch, and the log's; returns it.
  virtual awaitable<std::int64_t> bump_epoch(std::string prefix) = 0;

  // leases -----------------------------------------------------------------------------------------------------------
  // One for each node, which is one process: `node` is drawn at its start. Nothing here compares clocks.
  struct lease {
    std::string node;  // whose
    std::string identity;    // what the node uses; empty: nothing
    std::int64_t count = 0;  // grows with each put_lease()
    std::int64_t epoch = 0;  // the newest that the node works under
    friend bool operator==(const lease&, const lease&) = default;
  };
  // Makes it so where the node's count is smaller than this one, and says whether it was: so a node claims, renews and gives
  // back (an empty identity) with counts that it raises itself, and whoever saw a lease end sets it to nothing with one
  // more than the count that it saw. What comes late changes nothing.
  virtual awaitable<bool> put_lease(const lease& wanted) = 0;

  // What waiting writes look at.
  struct observation {
    std::vector<lease> leases;  // those that name an identity
    // Who has acknowledged each row asked for. A row that is absent was deleted: everybody who had to has.
    std::map<row_number, std::vector<std::string>> acknowledged;
  };
  // Leases and acknowledgements as they are at some moment after the call.
  virtual awaitable<observation> observe(std::vector<row_number> numbers) = 0;
};

std::shared_ptr<invalidation_log> make_volatile_log();  // in memory; see above

}  // namespace reprise

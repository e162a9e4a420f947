// What the engine asks of the place where entries live: a Redis, or this process's memory. The rules of the protocol (docs/architecture.md) are the engine's, but each call below is atomic.
//
// A backend is used in sessions. open() makes fresh connections, all to one server with one identity (of a cluster: to all of
// its masters, and the identity is of them all, with the slots of each); the session ends as a whole when any of them is
// lost, or with close(). No call is ever carried from one session, or from one server, to another.
//
// Thread-safe. Calls are awaited on any executor and resume there; one from an I/O thread that the backend was made
// with uses that thread's own connection. Each has a deadline: past it the outcome is errc::timed_out and unknown, and
// the call has ended for the caller. What is passed by reference must live until then. Errors: errc::unavailable, timed_out, refused, bad_reply.
#pragma once

#include "reprise/errc.hpp"
#include "reprise/key.hpp"
#include "reprise/rate.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reprise {

using deadline = std::chrono::steady_clock::duration;  // how long a call may take

class backend {
 public:
  template <class T>
  using awaitable = boost::asio::awaitable<result<T>>;  // what every call returns

  virtual ~backend() = default;

  // sessions ---------------------------------------------------------------------------------------------------------
  // Which data it holds: the server's run id with its replication id, or what stands for those of a cluster's masters, their
  // config epochs and the slots of each. Ends a session that is open.
  // errc::wrong_role for a replica.
  virtual awaitable<std::string> open() = 0;
  // Asks for role and identity again, on the open session, and whether all of its connections still answer:
  // errc::wrong_role, or an identity to compare.
  virtual awaitable<std::string> check() = 0;
  // Closes all connections; calls under way end with errc::unavailable.
  virtual void close() noexcept = 0;
  // Called, on any thread, once for each session that ended by itself or could not be opened, with a reason for the log.
  // Set before open().
  virtual void on_lost(std::function<void(const std::string& why)> handler) = 0;
  // Called, on any thread, with each key that was tracked and is no longer what was read. Set before open().
  virtual void on_changed(std::function<void(std::string_view key)> handler) = 0;
  // Where it is, for the log, without secrets: "redis://127.0.0.1:6379/0".
  virtual std::string address() const = 0;
  // How all keys given to it are to be written. Never changes.
  virtual key_style keys() const noexcept { return key_style::plain; }

  // the protocol -----------------------------------------------------------------------------------------------------
  // A value as it lies in the server's reply: not copied, and alive as long as its owner.
  struct value {
    std::shared_ptr<const void> owner;  // keeps the text alive
    std::string_view text;  // the bytes that were stored
  };
  // A key to be read, and what was found: absent where there is none. A tracked one is told of to on_changed() once, when it
  // is changed, removed or evicted after this reading.
  struct slot {
    std::string_view key;  // what to read; must outlive the call
    bool is_tracked = false;  // to be told of to on_changed()
    std::optional<value> found{};  // set by read()
  };
  // Reads all of them in one round trip, at some moment after the call, tracked ones before the others. Reads of one thread
  // may travel together; then all have the latest of their limits.
  virtual awaitable<void> read(std::span<slot> slots, deadline limit) = 0;

  // Reads the generation, or sets it to stamp + random where it is missing or does not begin with the stamp; then takes
  // the fill lock where it is free or held by a fill of another generation, unless an entry of that generation is there
  // already. The lock's value is the generation, a space, and the token. An entry that begins with `unusable` is as good as
  // none: the caller has read it, and may not serve it.
  struct begin_request {
    std::string generation_key, entry_key, lock_key;  // as scope and lock_key() make them
    std::string stamp, random;  // a new generation is stamp + random
    std::string lock_token;  // of this fill alone, unpredictable
    std::string unusable{};  // empty: every entry will do
    std::chrono::milliseconds generation_ttl{}, lock_ttl{};  // of what is made here
  };
  struct begun {  // what begin() found or made
    std::string generation;  // to be captured
    bool locked = false;  // the caller has the fill lock
    std::optional<value> entry;  // there already; then locked is false
  };
  virtual awaitable<begun> begin(const begin_request& request, deadline limit) = 0;  // see above

  // Stores the entry only if the generation is still the captured one, and drops the caller's fill lock in any case.
  struct commit_request {
    std::string generation_key, entry_key, lock_key, index_key;  // as scope and lock_key() make them
    std::string captured, lock;  // the lock's value, empty where it is not held
    std::string entry;  // its bytes
    std::chrono::milliseconds ttl{};  // the entry's; generation and index live longer by it
    std::size_t largest_scope = 0;  // entries a scope may hold
  };
  enum class commit_outcome { stored, generation_changed, scope_full };  // what became of an entry
  virtual awaitable<commit_outcome> commit(const commit_request& request, deadline limit) = 0;  // see above

  // Drops the fill lock where it still has the value `lock`: a fill whose reply is not to be stored.
  virtual awaitable<void> release(std::string lock_key, std::string lock, deadline limit) = 0;

  // Removes the generations: the acknowledgement of an invalidation. Works where the server is full. `limit` holds for
  // each chunk of 500 keys.
  virtual awaitable<void> invalidate(std::vector<std::string> generation_keys, deadline limit) = 0;

  // Removes the scope's entries that are not of its present generation; returns how many. Best effort.
  virtual awaitable<std::size_t> tidy(std::string generation_key, std::string index_key, deadline limit) = 0;

  // a plain cache client ---------------------------------------------------------------------------------------------
  virtual awaitable<std::optional<std::string>> get(std::string key, deadline limit) = 0;  // absent where there is none
  // REQUIRES: ttl > 0; every key has one.
  virtual awaitable<void> set(std::string key, std::string value, std::chrono::milliseconds ttl, deadline limit) = 0;
  // Returns whether it was there.
  virtual awaitable<bool> del(std::string key, deadline limit) = 0;
  // take_one() on a limit that all who use this server share, by the server's clock, in one round trip. Zero: taken.
  // Else nothing was taken, and one will be free after that time if nobody else takes it. The key goes by itself once
  // the limit is whole again.
  virtual awaitable<std::chrono::microseconds> take(std::string key, const rate& limit, deadline within) = 0;
  // Removes the keys that match a glob pattern, by SCAN and UNLINK, never KEYS; returns how many. Walks the whole keyspace:
  // for people and tools, never for a request's way. `limit` holds for each round trip.
  virtual awaitable<std::size_t> del_pattern(std::string pattern, deadline limit) = 0;

  // looking: for people and tools ------------------------------------------------------------------------------------
  // What is known of a key without reading all that is under it.
  struct key_facts {
    enum class kind { text, index, other };  // index: a sorted set
    std::string key;  // its name
    kind what = kind::text;  // which
    std::string beginning;      // of a text: its first bytes, at most most_beginning_bytes
    std::size_t size = 0;       // of a text: bytes; of an index: members
    std::optional<std::chrono::milliseconds> ttl{};  // absent: it has none
  };
  static constexpr std::size_t most_beginning_bytes = 512;  // the header line of an entry is within them
  struct key_page {  // what scan() found
    std::vector<key_facts> keys;  // in no order
    std::string next;  // the cursor of the next page; empty: that was all
  };
  // A page of the keys that match a glob pattern, by SCAN, never KEYS. Begin with an empty cursor and go on with `next`; a
  // page looks at about `count` keys, and may have any number of matches, also none, and on Redis more than `count`. A key
  // that is there all the while is found once at least; on Redis perhaps twice. A cursor that is none of this backend's is
  // errc::invalid_name. `limit` holds for each of up to three round trips. REQUIRES: 0 < count <= most_page_keys.
  virtual awaitable<key_page> scan(std::string cursor, std::string pattern, std::size_t count, deadline limit) = 0;
  static constexpr std::size_t most_page_keys = 1000;
};

}  // namespace reprise

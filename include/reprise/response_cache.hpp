// Start here: response caching for HTTP services that never serves a list older than the last acknowledged write.
//
//   auto cache = reprise::response_cache({}, backend, log, environment, logger);
//   co_spawn(io, cache.run(), detached);                                   // connects, replays, relays, reconnects
//   auto reply = co_await cache.serve(policy, request, origin);            // a cached GET
//   co_await cache.invalidate({scope}, rows);                              // after a write's commit, before its reply
//
// Read next: policy.hpp (how a route is cached), key.hpp (what a scope is), backend.hpp and invalidation_log.hpp (what is
// underneath). docs/architecture.md states the protocol and its reasons.
//
// Thread-safe: one object for the whole process, used from every I/O thread. It must outlive all coroutines that use it.
#pragma once

#include "reprise/backend.hpp"
#include "reprise/encoding.hpp"
#include "reprise/environment.hpp"
#include "reprise/invalidation_log.hpp"
#include "reprise/kept_keys.hpp"
#include "reprise/key.hpp"
#include "reprise/policy.hpp"
#include "reprise/rate.hpp"
#include "reprise/statistics.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spdlog {
class logger;
}

namespace reprise {

struct visit;  // one GET on its way through the cache

struct options {
  // Which deployment's data this is: part of every generation, so that two that share a Redis cannot read each other's.
  std::string deployment = "default";
  // A hash of what invalidates what in this process: of the log's table from rows to scopes, and of what each cached reply
  // shows. Processes whose tables differ, such as two versions during a rolling upgrade, then serve no entry of one another,
  // and a write through one waits until the other's table has been applied to it too (docs/consistency.md, "Two versions
  // side by side"). Empty where there is only one table and never will be another.
  std::string table{};
  // For policies that name no TTL.
  std::chrono::seconds default_ttl{600};
  // The longest that one request waits for the backend, all its calls together.
  std::chrono::milliseconds deadline{50};
  // How long a request waits for another one's fill of the same entry before it reads the origin itself.
  std::chrono::milliseconds fill_wait{1000};
  // After this a fill lock whose holder died is free again.
  std::chrono::milliseconds lock_ttl{10'000};
  // Origin reads in flight, and how long a request waits for a place among them before errc::overloaded.
  std::size_t origin_reads = 64;
  std::chrono::milliseconds origin_wait{1000};
  // Entries that this process keeps itself: how much memory at most (0: none), and how, for policies that do not say.
  std::size_t local_bytes = 64 * 1024 * 1024;
  local_copies local = local_copies::validated;
  // Entries that one scope may hold; one more is answered but not stored.
  std::size_t largest_scope = 256;
  // How often the relay looks for invalidations to repeat, checks whom it is connected to, and renews its lease.
  std::chrono::milliseconds period{250};
  // How long the cache may be used without a renewal. The same on all nodes: a write waits up to twice this and a margin
  // for a node that died or was cut off from the log.
  std::chrono::milliseconds lease{1000};
  std::chrono::milliseconds lease_margin{50};
  // The longest that a write waits for other nodes before errc::not_acknowledged.
  std::chrono::milliseconds write_wait{10'000};
  // Pauses between attempts to connect: doubling, with jitter, from the first to the second.
  std::chrono::milliseconds shortest_pause{50}, longest_pause{2000};
  // Told of each scope that this process has invalidated, and how many entries were removed with it (0 also where they
  // could not be counted); "bookings:*" for a whole prefix. On whichever thread; must not throw, and not wait. May be empty.
  std::function<void(std::string_view scope, std::size_t entries)> on_invalidated{};
  // For proofs only: rules taken away, so that a test can show that it would notice. Never set outside tests.
  struct weakened {
    bool commit_without_generation_check = false;  // a fill may land after an invalidation
    bool collapse_by_key_alone = false;  // a reader may get what is older than a write that it knows of
    bool trust_without_lease = false;      // neither claimed nor held against the clock
    bool trust_without_replay = false;     // at the claim
    bool accept_late_renewals = false;  // of leases that have ended
    bool answer_without_waiting = false;   // for other nodes' leases
    bool keep_generations_of_late_replies = false;  // tracked ones, where news of them came before
    std::string node;                      // the lease's name; a fresh one for each process where it is empty
    bool identity_without_table = false;   // towards the log
    bool stamp_without_table = false;  // entries of another table are used
    bool unknown_rows_touch_nothing = false;  // rows of a newer version are passed over
  } weakened{};  // none
};

// Who asks, and for what. The views must outlive the call.
struct cache_request {
  std::string_view user = "anonymous";  // from a verified token, never from the request's text
  std::string_view role = "guest";  // likewise
  std::string_view thing;               // audience::thing: which
  const parameters* query = nullptr;    // null: none
  std::string_view request_id;          // for the log
  reprise::encoding accepts = reprise::encoding::identity;  // the best that the client takes
};

// What an origin read gave. `headers` go to the client that caused the read, and are not stored.
struct origin_reply {
  unsigned status = 200;  // of HTTP: which replies are stored depends on it
  std::string content_type;  // stored with the body: printable ASCII of at most 128 bytes, or nothing is stored; may be empty
  std::string body;  // any bytes
  std::vector<std::pair<std::string, std::string>> headers;  // for the client that caused the read
};
using origin = std::function<boost::asio::awaitable<origin_reply>()>;  // reads what is to be cached
// Makes an origin that owns all that it needs: for a read behind the reply, which may outlive its request.
using origin_maker = std::function<origin()>;

enum class outcome { hit, miss, bypass };  // where a reply came from
// "HIT", "MISS" or "BYPASS", as X-Cache has it.
constexpr const char* to_text(outcome where) noexcept {
  return where == outcome::hit ? "HIT" : where == outcome::miss ? "MISS" : "BYPASS";
}

// Nothing of the reply is copied: its texts lie where they were read from.
struct cached_reply {
  reprise::outcome outcome = outcome::bypass;  // where it came from
  bool collapsed = false;           // a miss that joined another request's fill
  std::string_view why;             // a bypass: its reason, a static text
  unsigned status = 0;  // of HTTP
  std::shared_ptr<const void> owner;  // keeps the views alive
  std::string_view body, content_type;  // alive as long as `owner`
  std::string_view tag;                 // 16 hex digits of a weak ETag; empty for replies that are not 2xx
  reprise::encoding encoding = reprise::encoding::identity;  // of `body`; zstd only where the request accepts it
  std::chrono::seconds age{0}, ttl{0};  // since it was read from the origin; how much longer it is fresh, negative once it is not
  std::vector<std::pair<std::string, std::string>> headers;  // of the origin's reply; none of a hit
};

class response_cache {
 public:
  // `backend` may be null: then every request goes to the origin. `logger` may be null: silence.
  response_cache(options settings, std::shared_ptr<backend> where, std::shared_ptr<invalidation_log> log,
                 std::shared_ptr<environment> world, std::shared_ptr<spdlog::logger> logger);
  ~response_cache();
  response_cache(const response_cache&) = delete;

  // Connects, replays what was missed, and keeps the cache in use until stop(). Run it once, on one executor.
  boost::asio::awaitable<void> run();
  // Ends run() and closes the backend. The cache is bypassed from then on. Any thread.
  void stop() noexcept;

  // Answers from the cache, or reads the origin and stores what it gives. errc::overloaded where there is no place for an
  // origin read; every fault of the backend is a bypass. Exceptions of `read` pass through.
  // `again` is for the policy's early_refresh and stale_while_revalidate, which do nothing without it; it is called before
  // serve() returns.
  boost::asio::awaitable<result<cached_reply>> serve(const cache_policy& policy, const cache_request& request,
                                                     const origin& read, const origin_maker& again = {});

  // The same in steps, for a request that needs several replies: prepare() each, look() for all in one round trip, serve()
  // each once. What look() found may be served at any time after it: it is no older than the look.
  // A lookup is used by one coroutine at a time; `policy` and the views of `request` must outlive it.
  class lookup {
   public:
    lookup() noexcept;
    lookup(lookup&&) noexcept;
    lookup& operator=(lookup&&) noexcept;
    ~lookup();
    explicit operator bool() const noexcept { return static_cast<bool>(visit_); }  // false once it was served

   private:
    friend response_cache;
    std::unique_ptr<visit> visit_;
  };
  lookup prepare(const cache_policy& policy, const cache_request& request);  // asks nobody yet
  boost::asio::awaitable<void> look(std::span<lookup* const> several);  // one round trip
  // One that was not looked for is looked for now.
  boost::asio::awaitable<result<cached_reply>> serve(lookup& one, const origin& read, const origin_maker& again = {});

  // invalidation: after the commit, before the reply -------------------------------------------------------------------
  // One round trip, whatever the number of keys in Redis; then it waits until no other node can show what was before:
  // usually not at all, in a fault up to two leases. `rows` are the log's rows of this write, which must have committed;
  // without any, the log gets one.
  // Call it also where this process has no backend, and before every reply that tells of a write again (an idempotent
  // repetition, a write that found nothing to change). errc::not_acknowledged: do not acknowledge the write; it has
  // happened, and its rows see to the invalidation.
  boost::asio::awaitable<result<void>> invalidate(std::vector<scope> scopes, std::vector<std::int64_t> rows = {});
  // Only the waiting: for rows whose scopes this process cannot tell, since another version wrote them or another process
  // did all that it could. Nothing is executed or credited here; every node in use repeats them by its own table.
  boost::asio::awaitable<result<void>> await_acknowledged(std::vector<std::int64_t> rows);
  // As invalidate(), for all writes that have committed by now, whoever made them: before a reply that tells of somebody
  // else's write, such as a refusal because of what it left. Cheap where nothing is pending: many callers at once share
  // one reading of the log. Errors: log_unavailable, not_acknowledged.
  boost::asio::awaitable<result<void>> wait_settled();
  // One user's entries under a prefix. A role may widen to the whole scope, never narrow it: `role` is checked and then
  // all of the user's roles are invalidated. errc::invalid_name for text that is no name.
  boost::asio::awaitable<result<void>> invalidate(std::string_view user, std::string_view prefix,
                                                  std::string_view role = "all");
  // The same for several users at once, such as both parties of a booking.
  boost::asio::awaitable<result<void>> invalidate_related(std::span<const std::string> users, std::string_view prefix);
  // Everything under a prefix, by raising its epoch in the log. Returns when every node that uses the cache works under the
  // new epoch. Survives failovers, as removing keys would not. Errors: log_unavailable, not_acknowledged.
  boost::asio::awaitable<result<void>> invalidate_all(std::string_view prefix);

  // a plain cache client -------------------------------------------------------------------------------------------------
  // Nothing here is part of the promise: no generations, no log. Keys must begin with "reprise:", which nothing else uses;
  // errc::invalid_name otherwise. An absent value is an empty optional.
  boost::asio::awaitable<result<std::optional<std::string>>> get(std::string key);
  boost::asio::awaitable<result<void>> set(std::string key, std::string value, std::chrono::milliseconds ttl);
  boost::asio::awaitable<result<bool>> del(std::string key);
  // Takes one from a rate limit that all processes share. Zero: taken. Else nothing was taken, and it pays to come
  // again after that time. An error means that the limit was not counted: have another one for that case.
  boost::asio::awaitable<result<std::chrono::microseconds>> take(std::string key, const rate& limit);
  // Removes the keys that match a glob pattern (escape_pattern() what comes from outside); returns how many. Works on any
  // prefix: with entries it only costs misses.
  boost::asio::awaitable<result<std::size_t>> del_pattern(std::string pattern);

  // looking, for people and tools -----------------------------------------------------------------------------------------
  // A page of the keys of a prefix ("bookings") or of one scope ("bookings:user:123"); cursor and count as in
  // backend::scan(). Walks the whole keyspace, in as many calls. errc::invalid_name where `of` or the cursor is none.
  boost::asio::awaitable<result<kept_keys>> keys(std::string of, std::string cursor, std::size_t count);
  // One entry with its body, of which at most `most_bytes` are given. Absent where there is none; errc::invalid_name for what
  // is no entry's key, errc::bad_reply for one that cannot be decoded.
  boost::asio::awaitable<result<std::optional<kept_entry>>> entry(std::string key, std::size_t most_bytes);

  // Is the cache in use at this moment?
  bool is_available() const noexcept;
  statistics snapshot() const;

 private:
  class impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace reprise

// The database that a URL names: a pool of connections to it, what its servers can do, and its clock.
//
// Every command has a deadline (the URL's own options, else those of `deadlines` in cluster.cpp), and is counted.
#pragma once

#include "server/stores/mongo/document.hpp"
#include "server/stores/mongo/names.hpp"

#include <mongoc/mongoc.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace bookings::mongo {

// Once for each process, before anything else here; safe to call again.
void start_driver();

struct cluster_options {
  std::string url;  // mongodb://… or mongodb+srv://…, with a database
  // The store's clock in milliseconds since 1970. Empty: the server's. For tests.
  std::function<std::int64_t()> clock = {};
};

// Thread-safe.
class cluster {
 public:
  // Connects, and asks what the server can do. Throws std::runtime_error that says what, where and what to do; the
  // URL's password is in no text.
  explicit cluster(const cluster_options& options);
  cluster(const cluster&) = delete;

  const std::string& database() const noexcept { return database_; }
  // May another server become the primary? Then what is read must be known to be newer than what was acknowledged.
  bool has_several_primaries() const noexcept { return has_several_primaries_; }

  bool has_lookup() const noexcept { return has_lookup_; }

  // What the database calls what we store. Set once, before others use this.
  const mongo::names& names() const noexcept { return names_; }
  void use(mongo::names settled) { names_ = std::move(settled); }

  // Milliseconds since 1970 by the server's clock: asked for once in a while, and carried on by a clock of this machine
  // that nobody sets. All processes on this database agree within a round trip and what drifts in half a minute.
  std::int64_t now();

  // A connection on loan, for one thread.
  class lease {
   public:
    explicit lease(mongoc_client_pool_t* pool);
    ~lease() { mongoc_client_pool_push(pool_, client_); }
    lease(const lease&) = delete;
    mongoc_client_t* get() const noexcept { return client_; }

   private:
    mongoc_client_pool_t* pool_;
    mongoc_client_t* client_;
  };
  lease borrow() { return lease(pool_.get()); }

  // Commands sent since the start, the driver's own (hello and the like) left out.
  std::uint64_t commands() const noexcept { return commands_; }

 private:
  void connect();
  document ask(const document& command, const char* database);
  document ask_hello();
  bool knows_lookup();
  std::int64_t server_time();
  static void count_command(const mongoc_apm_command_started_t* event);

  struct destroy_pool {
    void operator()(mongoc_client_pool_t* pool) const noexcept { mongoc_client_pool_destroy(pool); }
  };

  const std::function<std::int64_t()> clock_;
  std::string database_, where_;
  mongo::names names_;
  std::atomic<std::uint64_t> commands_{0};
  std::unique_ptr<mongoc_client_pool_t, destroy_pool> pool_;
  bool has_several_primaries_ = false, has_lookup_ = false;

  std::mutex time_mutex_;  // guards these
  std::int64_t ahead_of_boot_ms_ = 0;
  std::chrono::milliseconds asked_at_{-1};
};

}  // namespace bookings::mongo

// An invalidation log of your own: the cache's tables in the SQLite file that your data is in. To be copied, and
// changed to the database that you have.
//
// An invalidation is a row of the transaction that made it necessary. A process that dies between its commit and the
// invalidation has left the row, and the cache of each other process repeats it before it may be used.
//
// Thread-safe. It blocks while it reads and writes: give it a thread of its own (asio::thread_pool, as
// examples/function does) where the database is slow, since the cache's has Redis to listen to.
#pragma once

#include "database.hpp"

#include <reprise/invalidation_log.hpp>

#include <mutex>
#include <string>
#include <vector>

class sqlite_log final : public reprise::invalidation_log {
 public:
  explicit sqlite_log(const std::string& path);

  // Tells of a change in the transaction that is open on `on`. Returns the number for response_cache::invalidate().
  static row_number add_row(database& on, const std::vector<reprise::scope>& scopes);

  awaitable<std::string> claim(std::string identity) override;
  awaitable<pass> read_pass(const pass_request& wanted) override;
  awaitable<std::vector<row_number>> append(std::vector<reprise::scope> scopes) override;
  awaitable<void> acknowledge(std::string identity, std::vector<row_number> numbers) override;
  awaitable<void> await_rows(std::vector<row_number> numbers) override;
  awaitable<std::int64_t> bump_epoch(std::string prefix) override;
  awaitable<bool> put_lease(const lease& wanted) override;
  awaitable<observation> observe(std::vector<row_number> numbers) override;

 private:
  template <class Work>
  auto attempt(const Work& work) -> reprise::result<decltype(work())>;
  void forget_old_identities();

  std::mutex mutex_;
  database on_;
};

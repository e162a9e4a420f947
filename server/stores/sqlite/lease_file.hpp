// The leases of the processes that use this store, in a file of their own beside it: a long write transaction on the data
// must not end them. Also which outbox rows have a writer that waits. Nothing here outlives the machine's running, so
// nothing is synced to the disk.
//
// Thread-safe. Failures throw SQLite::Exception.
#pragma once

#include "server/stores/sqlite/connection.hpp"
#include "server/stores/store.hpp"

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace bookings::sqlite {

class lease_file {
 public:
  // Opens the file, and makes its tables where they are not there.
  lease_file(const std::string& path, store_clock clock);

  // store::put_lease, store::await_rows.
  bool put(const store::lease& wanted);
  void await(const std::vector<std::int64_t>& numbers);

  // Those of processes that ended are dropped by put(), an hour later.
  std::vector<store::lease> all();
  std::set<std::int64_t> awaited();

 private:
  std::mutex mutex_;
  connection on_;
};

}  // namespace bookings::sqlite

// Connections for reading, each lent to one thread at a time. A connection is lent only with no transaction open, so
// that what is read through it began after it was asked for.
#pragma once

#include "server/stores/sqlite/connection.hpp"

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace bookings::sqlite {

// Thread-safe. Must outlive all that it lent.
class reader_pool {
 public:
  // Opens none yet: they are opened as they are needed, `size` at most (1 where it is 0).
  reader_pool(std::string path, std::size_t size, store_clock clock);

  // A connection on loan; gives it back when it goes.
  class lease {
   public:
    lease(reader_pool& pool, std::unique_ptr<connection> lent) noexcept : pool_(pool), lent_(std::move(lent)) {}
    ~lease() { pool_.give_back(std::move(lent_)); }
    lease(const lease&) = delete;
    lease& operator=(const lease&) = delete;
    connection& operator*() noexcept { return *lent_; }

   private:
    reader_pool& pool_;
    std::unique_ptr<connection> lent_;
  };

  // Waits while all are lent. Throws SQLite::Exception where one cannot be opened.
  lease borrow();

 private:
  std::unique_ptr<connection> take();
  void give_back(std::unique_ptr<connection> returned) noexcept;

  const std::string path_;
  const std::size_t size_;
  const store_clock clock_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<connection>> idle_;  // the one used last is lent first: its page cache is warm
  std::size_t lent_ = 0;
};

}  // namespace bookings::sqlite

#include "server/stores/sqlite/reader_pool.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace bookings::sqlite {

reader_pool::reader_pool(std::string path, std::size_t size, store_clock clock)
    : path_(std::move(path)), size_(std::max<std::size_t>(size, 1)), clock_(std::move(clock)) {
  idle_.reserve(size_);  // so that giving back allocates nothing and cannot fail
}

reader_pool::lease reader_pool::borrow() {
  auto found = take();
  try {
    if (found && !found->is_idle()) {
      // A bug of ours: something was not reset. Whatever holds the old snapshot goes with the connection.
      spdlog::error("[Store] A pooled reader had a transaction open; it is replaced");
      found.reset();
    }
    if (!found) found = std::make_unique<connection>(path_, access::read_only, clock_);
  } catch (...) {
    give_back(nullptr);
    throw;
  }
  return lease(*this, std::move(found));
}

// The loan is counted here. Null: one more may be opened.
std::unique_ptr<connection> reader_pool::take() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [this] { return lent_ < size_; });
  ++lent_;
  if (idle_.empty()) return nullptr;
  auto found = std::move(idle_.back());
  idle_.pop_back();
  return found;
}

void reader_pool::give_back(std::unique_ptr<connection> returned) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    --lent_;
    if (returned) idle_.push_back(std::move(returned));
  }
  returned_.notify_one();
}

}  // namespace bookings::sqlite

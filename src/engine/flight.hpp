// One origin read that several requests share: a leader carries it out, the others wait for what it gives.
//
// Two ways to share, since what may be shared depends on what a request knows (docs/architecture.md, "Collapsing"):
//   fills      by key and captured generation: a request joins only a fill of the generation that it read itself
//   bypasses   by key alone, while there is no generation: a request joins only a read that has not begun
//
// Thread-safe; waiters resume on their own executors.
#pragma once

#include "reprise/response_cache.hpp"
#include "src/engine/parked.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace reprise::engine {

// What a read gave, as it is shared: never changed after it is made, nor moved, since its views are into itself or `owner`.
struct shared_reply {
  shared_reply() = default;
  shared_reply(const shared_reply&) = delete;

  unsigned status = 0;
  bool storable = false;  // a reply that the policy stores: others may have it too
  bool from_entry = false;  // another process's fill, read from the cache
  std::string_view body, content_type, tag;
  std::chrono::seconds age{0}, ttl{0};
  std::chrono::milliseconds fresh{0};  // read from the origin: how long it is to be served
  origin_reply read;  // where it was read from the origin
  std::string made_tag;
  std::shared_ptr<const void> owner;  // where it is an entry
};
using shared_result = std::shared_ptr<const shared_reply>;  // null: the leader failed

class flight {
 public:
  // Waits until finish(); at once where that has been.
  boost::asio::awaitable<shared_result> wait();
  void finish(shared_result result);

 private:
  std::mutex mutex_;
  bool done_ = false;
  shared_result result_;
  std::vector<parked> waiters_;
};

// A flight that this request leads, ended in any case: with null where the leader throws.
template <class Table>
class led {
 public:
  led(Table& table, std::string key, std::shared_ptr<flight> which)
      : table_(&table), key_(std::move(key)), flight_(std::move(which)) {}
  led(led&& other) noexcept : table_(std::exchange(other.table_, nullptr)), key_(std::move(other.key_)), flight_(std::move(other.flight_)) {}
  led& operator=(led&&) = delete;
  ~led() { finish(nullptr); }
  void finish(shared_result result) {
    if (auto* table = std::exchange(table_, nullptr)) {
      table->remove(key_, flight_);
      flight_->finish(std::move(result));
    }
  }

 private:
  Table* table_;
  std::string key_;
  std::shared_ptr<flight> flight_;
};

class fills {
 public:
  // The flight under this key, null where there is none.
  std::shared_ptr<flight> find(const std::string& key) const;
  // Joins the flight under this key (leader: false), or begins one.
  std::pair<std::shared_ptr<flight>, bool> join(const std::string& key);
  void remove(const std::string& key, const std::shared_ptr<flight>& which);

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<flight>> flights_;
};

class bypasses {
 public:
  // What this request is to do.
  struct place {
    std::shared_ptr<flight> own;     // lead this one …
    std::shared_ptr<flight> before;  // … after this one has finished, where there is one
    std::shared_ptr<flight> other;   // or wait for this one
  };
  place enter(const std::string& key);
  // The leader's read begins now: nobody joins it from here on.
  void begin(const std::string& key, const std::shared_ptr<flight>& which);
  void remove(const std::string& key, const std::shared_ptr<flight>& which);

 private:
  struct slot {
    std::shared_ptr<flight> running, queued;
    bool begun = false;  // the running one's read
  };
  std::mutex mutex_;
  std::unordered_map<std::string, slot> slots_;
};

}  // namespace reprise::engine

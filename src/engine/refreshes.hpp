// Which entries this process reads anew behind a reply at present, so that a hot one is asked for once. Between processes
// the fill lock does the same.
//
// Thread-safe.
#pragma once

#include <mutex>
#include <string>
#include <unordered_set>

namespace reprise::engine {

class refreshes {
 public:
  // False where it is under way already.
  bool enter(const std::string& key) {
    const std::lock_guard lock(mutex_);
    return keys_.insert(key).second;
  }
  void leave(const std::string& key) {
    const std::lock_guard lock(mutex_);
    keys_.erase(key);
  }

 private:
  std::mutex mutex_;
  std::unordered_set<std::string> keys_;
};

}  // namespace reprise::engine

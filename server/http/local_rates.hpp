// Rate limits in this process's memory: for a server without Redis, and while Redis does not answer. Bounded: where
// there are too many who are counted, whoever was seen longest ago is forgotten, and starts anew.
//
// Thread-safe.
#pragma once

#include "reprise/rate.hpp"

#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

namespace bookings::http {

class local_rates {
 public:
  explicit local_rates(std::size_t most_keys = 65'536) : most_keys_(most_keys) {}

  // As reprise::take_one(), for the limit of this key. `now` is of any clock that does not go back.
  std::chrono::microseconds take(const std::string& key, const reprise::rate& limit, std::chrono::microseconds now);

  std::size_t size() const;

 private:
  struct counted {
    std::string key;
    std::chrono::microseconds free_at;
  };

  const std::size_t most_keys_;
  mutable std::mutex mutex_;
  std::list<counted> order_;  // seen last first
  std::unordered_map<std::string, std::list<counted>::iterator> by_key_;
};

}  // namespace bookings::http

#include "server/http/local_rates.hpp"

namespace bookings::http {

std::chrono::microseconds local_rates::take(const std::string& key, const reprise::rate& limit,
                                            std::chrono::microseconds now) {
  const std::lock_guard lock(mutex_);
  auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    order_.push_front({key, now});
    found = by_key_.emplace(key, order_.begin()).first;
  } else {
    order_.splice(order_.begin(), order_, found->second);
  }
  const auto wait = reprise::take_one(limit, order_.front().free_at, now);
  // Whose limit is whole again need not be remembered, and stands last unless others were counted since.
  while (order_.size() > 1 && (order_.size() > most_keys_ || order_.back().free_at <= now)) {
    by_key_.erase(order_.back().key);
    order_.pop_back();
  }
  return wait;
}

std::size_t local_rates::size() const {
  const std::lock_guard lock(mutex_);
  return order_.size();
}

}  // namespace bookings::http

#include "src/engine/local_generations.hpp"

namespace reprise::engine {

bool local_generations::put(std::string_view key, std::string_view token, ticket read_under) {
  auto fresh = std::make_shared<const std::string>(token);
  const std::lock_guard lock(changes_);
  return sequence_of(key) == read_under.sequence && tokens_.put(key, std::move(fresh), 1);
}

void local_generations::erase(std::string_view key) {
  const std::lock_guard lock(changes_);
  sequences_[bucket_of(key)].fetch_add(1);
  tokens_.erase(key);
}

void local_generations::clear() {
  const std::lock_guard lock(changes_);
  clears_.fetch_add(1);
  tokens_.clear();
}

}  // namespace reprise::engine

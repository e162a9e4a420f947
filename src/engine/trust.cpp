#include "src/engine/trust.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>

namespace reprise::engine {

stamps::stamps(std::string_view deployment, std::string_view identity, std::string_view nonce, std::int64_t of_everything,
               const std::map<std::string, std::int64_t>& epochs) {
  const auto everything = std::to_string(of_everything);
  crypto_generichash_state hash;
  crypto_generichash_init(&hash, nullptr, 0, 16);
  for (const auto part : {deployment, identity, nonce, std::string_view(everything)}) {
    const unsigned char length[2] = {static_cast<unsigned char>(part.size() >> 8), static_cast<unsigned char>(part.size())};
    crypto_generichash_update(&hash, length, sizeof length);  // "ab","c" and "a","bc" must differ
    crypto_generichash_update(&hash, reinterpret_cast<const unsigned char*>(part.data()), part.size());
  }
  std::array<unsigned char, 16> digest;
  crypto_generichash_final(&hash, digest.data(), digest.size());
  std::array<char, 33> hex;
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
  plain_ = std::string(hex.data()) + ".0.";
  for (const auto& [prefix, epoch] : epochs) bumped_[prefix] = std::string(hex.data()) + "." + std::to_string(epoch) + ".";
}

const std::string& stamps::of(std::string_view prefix) const {
  const auto at = bumped_.find(prefix);
  return at != bumped_.end() ? at->second : plain_;
}

std::uint64_t trust::begin(std::string identity) {
  const std::lock_guard lock(mutex_);
  stamps_.store(nullptr);
  until_.store(0);
  identity_ = std::move(identity);
  session_.store(++last_);
  return last_;
}

bool trust::establish(std::uint64_t session, stamps fresh) {
  const std::lock_guard lock(mutex_);
  if (session_.load() != session) return false;
  // Nearly always the same as before.
  if (made_.empty() || made_.back() != fresh) made_.push_back(std::move(fresh));
  stamps_.store(&made_.back());
  return true;
}

void trust::extend(std::uint64_t session, time until) {
  const std::lock_guard lock(mutex_);
  if (session_.load() == session) until_.store(std::max(until_.load(), until.time_since_epoch().count()));
}

bool trust::end(std::uint64_t session) {
  const std::lock_guard lock(mutex_);
  if (session == 0 || session_.load() != session) return false;
  stamps_.store(nullptr);
  until_.store(0);
  session_.store(0);
  identity_.clear();
  return true;
}

trust::connected trust::now_connected() const {
  const std::lock_guard lock(mutex_);
  return {session_.load(), identity_};
}

}  // namespace reprise::engine

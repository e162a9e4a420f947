// Password hashes: argon2id (RFC 9106) through libsodium, in its own text form "$argon2id$v=19$m=65536,t=2,p=1$…". Those of
// bcrypt, which come with the data of other programs (bcrypt.hpp), are verified too, until the next login replaces them.
// One hash takes some 60 ms of a core and 64 MiB by intent, so nothing calls `password_hasher` on an I/O thread: use
// `password_pool`, which has threads of its own and a bound.
#pragma once

#include "server/domain/errc.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace bookings::auth {

// Zero: libsodium's limits for interactive use (2 passes over 64 MiB). Tests take less.
struct password_cost {
  unsigned long long passes = 0;
  std::size_t memory_bytes = 0;
};

// Hashes on the calling thread. Thread-safe: nothing changes after construction.
class password_hasher {
 public:
  explicit password_hasher(password_cost cost = {});

  // errc::overloaded where there is not enough memory.
  result<std::string> hash(std::string_view password) const;

  // Does the password belong to the hash? Compared in constant time. errc::internal where `hash` is neither argon2id's nor
  // one of bcrypt that is taken, errc::overloaded where there is not enough memory.
  result<bool> verify(const std::string& hash, std::string_view password) const;

  // Was the hash, to which `password` belongs, made in another way or at another cost than this hasher's? Then hash again,
  // at the next login. Not where bcrypt has looked at a part of the password alone: the rest was never checked, and a
  // slip in it must not become what everybody has to type from now on.
  bool needs_rehash(const std::string& hash, std::string_view password) const;

  // A hash of this hasher's cost that no password belongs to. A login with an unknown email verifies against it, and so
  // takes as long as one with a known email.
  const std::string& dummy_hash() const noexcept { return dummy_hash_; }

 private:
  password_cost cost_;
  std::string dummy_hash_;
};

// Hashes on threads of its own. At most `capacity` calls wait or run; one more gets errc::overloaded at once, so that a
// flood of logins costs neither memory nor the time of other requests.
// Thread-safe. Must end before its callers' execution contexts do, and nobody may call it then. Its end waits for
// hashes that run; those that still wait are answered errc::overloaded.
class password_pool {
 public:
  struct options {
    std::size_t threads = 2;
    std::size_t capacity = 128;
    password_cost cost = {};
  };

  password_pool();
  explicit password_pool(options wanted);
  ~password_pool();

  // As password_hasher's, on the pool; they resume on the caller's executor. Once started, a hash is not cancelled: the
  // caller's cancellation takes effect at its next wait. The password is wiped after use (a string that the caller
  // moved from may keep up to 15 bytes of it).
  boost::asio::awaitable<result<std::string>> hash(std::string password);
  boost::asio::awaitable<result<bool>> verify(std::string hash, std::string password);

  bool needs_rehash(const std::string& hash, std::string_view password) const { return hasher_.needs_rehash(hash, password); }
  const std::string& dummy_hash() const noexcept { return hasher_.dummy_hash(); }

  // Calls that wait or run now.
  std::size_t load() const noexcept { return load_; }

 private:
  class place;
  template <class Work>
  auto run(Work work) -> boost::asio::awaitable<decltype(work())>;

  password_hasher hasher_;
  std::size_t capacity_;
  std::atomic<std::size_t> load_{0};
  std::atomic<bool> ending_{false};
  boost::asio::thread_pool threads_;  // last: its threads use what stands above
};

}  // namespace bookings::auth

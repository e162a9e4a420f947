#include "server/auth/passwords.hpp"

#include "server/auth/bcrypt.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sodium.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>
#include <vector>

namespace bookings::auth {
namespace asio = boost::asio;
namespace {

// A password on its way to a thread: on the heap, so that moving it leaves no copy behind, and wiped at its end.
class wiped_text {
 public:
  explicit wiped_text(std::string& taken) : bytes_(taken.begin(), taken.end()) {
    sodium_memzero(taken.data(), taken.size());
    taken.clear();
  }
  ~wiped_text() { sodium_memzero(bytes_.data(), bytes_.size()); }
  wiped_text(wiped_text&&) noexcept = default;
  wiped_text& operator=(wiped_text&&) = delete;

  std::string_view view() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::vector<char> bytes_;
};

// The text form of a hash with the cost's parameters, a salt of zeros and a result of zeros. Finding a password for it
// is as hard as inverting argon2id, and nothing would be gained: it is nobody's.
std::string make_dummy_hash(const password_cost& cost) {
  std::string salt(22, 'A'), digest(43, 'A');  // 16 and 32 zero bytes in base64 without padding
  return "$argon2id$v=19$m=" + std::to_string(cost.memory_bytes / 1024) + ",t=" + std::to_string(cost.passes) +
         ",p=1$" + salt + "$" + digest;
}

}  // namespace

password_hasher::password_hasher(password_cost cost) : cost_(cost) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium does not start");
  if (cost_.passes == 0) cost_.passes = crypto_pwhash_OPSLIMIT_INTERACTIVE;
  if (cost_.memory_bytes == 0) cost_.memory_bytes = crypto_pwhash_MEMLIMIT_INTERACTIVE;
  if (cost_.passes < crypto_pwhash_OPSLIMIT_MIN || cost_.memory_bytes < crypto_pwhash_MEMLIMIT_MIN)
    throw std::invalid_argument("argon2id needs at least 1 pass over 8 KiB");
  dummy_hash_ = make_dummy_hash(cost_);
}

result<std::string> password_hasher::hash(std::string_view password) const {
  std::array<char, crypto_pwhash_STRBYTES> text;
  if (crypto_pwhash_str_alg(text.data(), password.data(), password.size(), cost_.passes, cost_.memory_bytes,
                            crypto_pwhash_ALG_ARGON2ID13) != 0)
    return errc::overloaded;
  return std::string(text.data());
}

result<bool> password_hasher::verify(const std::string& hash, std::string_view password) const {
  if (is_bcrypt(hash)) return verify_bcrypt(hash, password);
  if (!hash.starts_with(crypto_pwhash_argon2id_STRPREFIX)) return errc::internal;
  errno = 0;
  if (crypto_pwhash_argon2id_str_verify(hash.c_str(), password.data(), password.size()) == 0) return true;
  if (errno == EINVAL) return false;  // libsodium's word for: computed, and another one
  return errno == ENOMEM ? errc::overloaded : errc::internal;
}

bool password_hasher::needs_rehash(const std::string& hash, std::string_view password) const {
  if (is_bcrypt(hash)) return password.size() <= bcrypt_password_bytes;
  return crypto_pwhash_argon2id_str_needs_rehash(hash.c_str(), cost_.passes, cost_.memory_bytes) != 0;
}

// One of the pool's places, held while a call waits or runs.
class password_pool::place {
 public:
  explicit place(password_pool& pool) {
    if (pool.load_.fetch_add(1) < pool.capacity_)
      load_ = &pool.load_;
    else
      --pool.load_;
  }
  ~place() {
    if (load_ != nullptr) --*load_;
  }
  place(place&& other) noexcept : load_(std::exchange(other.load_, nullptr)) {}
  place& operator=(place&&) = delete;
  explicit operator bool() const noexcept { return load_ != nullptr; }

 private:
  std::atomic<std::size_t>* load_ = nullptr;
};

password_pool::password_pool() : password_pool(options{}) {}

password_pool::password_pool(options wanted)
    : hasher_(wanted.cost), capacity_(wanted.capacity), threads_(wanted.threads) {}

password_pool::~password_pool() {
  ending_ = true;
  threads_.join();
}

asio::awaitable<result<std::string>> password_pool::hash(std::string password) {
  return run([this, password = wiped_text(password)] { return hasher_.hash(password.view()); });
}

asio::awaitable<result<bool>> password_pool::verify(std::string hash, std::string password) {
  return run([this, hash = std::move(hash), password = wiped_text(password)] {
    return hasher_.verify(hash, password.view());
  });
}

// `work` and the place travel with the job and never point into the caller's frame: that may be gone by then.
template <class Work>
auto password_pool::run(Work work) -> asio::awaitable<decltype(work())> {
  place held(*this);
  if (!held) co_return errc::overloaded;
  auto job = [this, held = std::move(held), work = std::move(work)]() mutable -> asio::awaitable<decltype(work())> {
    auto released_at_the_end = std::move(held);
    if (ending_) co_return errc::overloaded;
    co_return work();
  };
  // No cancellation slot: a signal would reach the job on another of the pool's threads while it runs.
  co_return co_await asio::co_spawn(threads_, std::move(job),
                                    asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
}

}  // namespace bookings::auth

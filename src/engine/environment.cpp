#include "reprise/environment.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <sodium.h>

#include <time.h>

#include <stdexcept>
#include <vector>

namespace reprise {
namespace {

class real_environment final : public environment {
 public:
  real_environment() {
    if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialised: no source of randomness");
  }
  wall_time wall() const override { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }
  steady_time now() const override {
    timespec time{};
    clock_gettime(CLOCK_BOOTTIME, &time);
    return steady_time(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
  }
  boost::asio::awaitable<void> sleep(std::chrono::steady_clock::duration pause) override {
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer timer(executor, pause);
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::deferred));
  }
  std::string random_hex(std::size_t bytes) override {
    std::vector<unsigned char> raw(bytes);
    randombytes_buf(raw.data(), raw.size());
    std::string hex(bytes * 2 + 1, '\0');
    sodium_bin2hex(hex.data(), hex.size(), raw.data(), raw.size());
    hex.pop_back();
    return hex;
  }
};

}  // namespace

std::shared_ptr<environment> make_environment() { return std::make_shared<real_environment>(); }

}  // namespace reprise

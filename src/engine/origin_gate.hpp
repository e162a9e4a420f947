// Bounds the origin reads in flight: places are given in order of arrival; who waits too long is turned away, and so is
// whoever would make the queue longer than four times the places. Thread-safe.
#pragma once

#include "reprise/environment.hpp"
#include "src/engine/parked.hpp"

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>

namespace reprise::engine {

class origin_gate : public std::enable_shared_from_this<origin_gate> {
 public:
  origin_gate(std::size_t places, std::chrono::milliseconds longest_wait, std::shared_ptr<environment> world)
      : places_(places), longest_wait_(longest_wait), world_(std::move(world)) {}

  // A place, given back when it goes out of scope; empty where there was none in time.
  class place {
   public:
    explicit place(std::shared_ptr<origin_gate> gate = nullptr) : gate_(std::move(gate)) {}
    place(place&&) = default;
    place& operator=(place&&) = delete;
    ~place() {
      if (gate_) gate_->leave();
    }
    explicit operator bool() const noexcept { return gate_ != nullptr; }

   private:
    std::shared_ptr<origin_gate> gate_;
  };
  boost::asio::awaitable<place> enter();
  std::size_t taken() const;

 private:
  struct ticket {
    parked waiter;  // empty once it was answered
    bool entered = false;
  };
  void leave();
  boost::asio::awaitable<void> time_out(std::shared_ptr<ticket> who);

  const std::size_t places_;
  const std::chrono::milliseconds longest_wait_;
  const std::shared_ptr<environment> world_;
  mutable std::mutex mutex_;
  std::size_t taken_ = 0;
  std::list<std::shared_ptr<ticket>> queue_;
};

}  // namespace reprise::engine

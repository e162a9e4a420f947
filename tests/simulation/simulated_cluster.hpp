// What only a cluster does: slots move from one master to another, key by key, and perhaps back at once. A step's
// answer may be lost, so that both servers hold a key; a move goes on after either of the two was restarted or failed
// over; and the new owner is in office before the old one has heard of it.
#pragma once

#include "tests/simulation/simulated_redis.hpp"

#include <set>

namespace reprise::simulation {

class slot_mover {
 public:
  // Nothing is moved any more from `end` on.
  slot_mover(redis_world& where, std::uint64_t seed, moment end)
      : where_(where), random_(seed), is_hasty_(random_.once_in(2)), end_(end) {}

  // The slot begins its way to some other shard, unless it is on one.
  void start(std::size_t slot);

 private:
  asio::awaitable<void> there_and_back(std::size_t slot);
  asio::awaitable<void> move(std::size_t slot, std::size_t to);
  asio::awaitable<void> hand_over(std::size_t slot, std::size_t from, std::size_t to);
  struct sent {
    std::string key;
    server::value value;
  };
  void carry(std::size_t slot, const std::vector<std::string>& keys, std::size_t from, std::size_t to,
             bool is_answered);
  void arrive(std::size_t slot, server& target, const std::vector<sent>& keys);
  std::vector<std::string> keys_of(const server& on, std::size_t slot) const;
  bool can_work(const server& one) const {
    return !one.is_dead && one.is_master && one.stalled_until <= where_.in().now();
  }

  redis_world& where_;
  chance random_;
  const bool is_hasty_;  // all moves of this schedule are fast, and lose answers
  const moment end_;
  slot_set on_the_way_;
};

// A former master hears of its successor: it says MOVED from now on, and some time later it has the other's data.
void demote(redis_world& where, const shard& of, const std::shared_ptr<server>& old, duration resynchronised_after);

}  // namespace reprise::simulation

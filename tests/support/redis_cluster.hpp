// A real Redis Cluster of masters without replicas, for tests: each server as redis_server.hpp says.
//
// Not thread-safe. Throws std::runtime_error where it cannot be made.
#pragma once

#include "reprise/redis_options.hpp"
#include "tests/support/redis_server.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace reprise::testing {

class redis_cluster {
 public:
  explicit redis_cluster(std::size_t masters = 3);
  // One for all tests of this process, emptied.
  static redis_cluster& shared();

  redis_options options() const;
  redis_server& master(std::size_t i) { return *servers_[i]; }
  std::size_t size() const noexcept { return servers_.size(); }
  // Whose slot the key is in.
  std::size_t owner_of(const std::string& key) const;
  int slot_of(const std::string& key) const;
  // As an operator does: the keys, too. begin_move() leaves the slot half way, with no key moved.
  void move(int slot, std::size_t from, std::size_t to);
  void begin_move(int slot, std::size_t from, std::size_t to);
  void flush();

 private:
  std::string id_of(std::size_t i) const { return servers_[i]->command({"CLUSTER", "MYID"}); }

  std::vector<std::unique_ptr<redis_server>> servers_;
};

}  // namespace reprise::testing

#include "tests/support/redis_cluster.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

namespace reprise::testing {
namespace {

constexpr std::chrono::seconds longest_start{30};

template <class F>
void until(F condition, const char* what) {
  const auto limit = std::chrono::steady_clock::now() + longest_start;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) throw std::runtime_error(std::string("in vain: ") + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace

redis_cluster::redis_cluster(std::size_t masters) {
  std::vector<std::string> create{"--cluster", "create"};
  for (std::size_t i = 0; i < masters; ++i) {
    servers_.push_back(std::make_unique<redis_server>(
        std::vector<std::string>{"--cluster-enabled", "yes", "--cluster-port", std::to_string(free_port()), "--cluster-node-timeout", "2000"}));
    create.push_back("127.0.0.1:" + std::to_string(servers_.back()->port()));
  }
  create.insert(create.end(), {"--cluster-replicas", "0", "--cluster-yes"});
  servers_.front()->command(create);
  for (const auto& each : servers_)
    until([&] { return each->command({"CLUSTER", "INFO"}).find("cluster_state:ok") != std::string::npos; }, "a cluster that is up");
}

redis_cluster& redis_cluster::shared() {
  static redis_cluster one;
  one.flush();
  return one;
}

redis_options redis_cluster::options() const {
  redis_options all;
  for (const auto& each : servers_) all.cluster.push_back({"127.0.0.1", each->port()});
  return all;
}

int redis_cluster::slot_of(const std::string& key) const { return std::stoi(servers_.front()->command({"CLUSTER", "KEYSLOT", key})); }

std::size_t redis_cluster::owner_of(const std::string& key) const {
  for (std::size_t i = 0; i < servers_.size(); ++i)
    if (servers_[i]->command({"EXISTS", key}).find("MOVED") == std::string::npos) return i;
  throw std::runtime_error("nobody has this key's slot");
}

void redis_cluster::begin_move(int slot, std::size_t from, std::size_t to) {
  servers_[to]->command({"CLUSTER", "SETSLOT", std::to_string(slot), "IMPORTING", id_of(from)});
  servers_[from]->command({"CLUSTER", "SETSLOT", std::to_string(slot), "MIGRATING", id_of(to)});
}

void redis_cluster::move(int slot, std::size_t from, std::size_t to) {
  begin_move(slot, from, to);
  for (;;) {
    const auto keys = servers_[from]->lines({"CLUSTER", "GETKEYSINSLOT", std::to_string(slot), "100"});
    if (keys.empty() || keys.front().empty()) break;
    std::vector<std::string> command{"MIGRATE", "127.0.0.1", std::to_string(servers_[to]->port()), "", "0", "5000", "KEYS"};
    command.insert(command.end(), keys.begin(), keys.end());
    servers_[from]->command(command);
  }
  for (const auto i : {to, from}) servers_[i]->command({"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", id_of(to)});
  for (std::size_t i = 0; i < servers_.size(); ++i)
    until([&] { return servers_[i]->command({"CLUSTER", "SLOTS"}) == servers_[to]->command({"CLUSTER", "SLOTS"}); }, "masters that agree");
}

void redis_cluster::flush() {
  for (const auto& each : servers_) each->command({"FLUSHALL"});
}

}  // namespace reprise::testing

// What a server tells of itself (INFO server, INFO replication; CLUSTER INFO of a cluster's node), and whether a cache can be
// kept on it. Pure.
#pragma once

#include "reprise/errc.hpp"

#include <string>
#include <string_view>

namespace reprise::redis {

struct server_facts {
  std::string version;  // "7.0.15"; of Valkey the Redis version that it is compatible with
  std::string mode;     // standalone, sentinel, cluster
  std::string role;     // master, slave
  std::string run_id, replication_id;
  std::string cluster_state, config_epoch;  // of a cluster's node: "ok", and the epoch under which it has its slots
};
server_facts read_facts(std::string_view info_server, std::string_view info_replication, std::string_view cluster_info = {});

// Which data the server holds: run id and replication id, of a cluster's node with its config epoch. errc::wrong_role for a
// replica, errc::bad_reply where one of them is not told, errc::refused where its cluster is down.
result<std::string> identity_of(const server_facts& facts);

// Why it cannot be used, for the log; empty where it can. `wanted`: the mode that it must have.
std::string why_unusable(const server_facts& facts, std::string_view wanted = "standalone");

}  // namespace reprise::redis

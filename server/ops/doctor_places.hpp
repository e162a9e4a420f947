// Whom sentinels, or a cluster's nodes, name as masters: each of those that the URL names is asked.
#pragma once

#include "reprise/redis_options.hpp"
#include "reprise/redis_probe.hpp"
#include "server/ops/doctor_finding.hpp"

#include <optional>
#include <string>
#include <vector>

namespace bookings::ops {

struct places_report {
  std::vector<examined> findings;
  std::vector<reprise::redis_address> masters;  // named by any of them, without repetitions
};

// REQUIRES: options with sentinels.
places_report ask_sentinels(const std::string& about, const reprise::redis_options& options);
// REQUIRES: options with a cluster.
places_report ask_cluster(const std::string& about, const reprise::redis_options& options);

// The options of one server of them.
reprise::redis_options options_of_one(reprise::redis_options all, const reprise::redis_address& where);

// What a node answers to CLUSTER SLOTS. Absent where it is nothing of the kind.
struct cluster_seen {
  std::vector<reprise::redis_address> masters;  // without repetitions
  int slots = 0;                                // that have a master
  friend bool operator==(const cluster_seen&, const cluster_seen&) = default;
};
std::optional<cluster_seen> read_slots(const reprise::redis_answer& answer, const std::string& asked_host);
finding judge_slots(const cluster_seen& seen);

}  // namespace bookings::ops

// The checks of one Redis, by real commands on a connection of its own. Nothing is changed but one key
// "reprise:doctor:…", which lives for seconds.
#pragma once

#include "reprise/policy.hpp"
#include "reprise/redis_options.hpp"
#include "server/ops/doctor_judgements.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace bookings::ops {

struct redis_patient {
  std::string about;    // "cache", "queue", "cache and queue"
  std::string address;  // as it may be shown
  reprise::redis_options options;
  duties used_for;
  expected_mode mode = expected_mode::server;
  std::chrono::milliseconds deadline{};
  reprise::local_copies local = reprise::local_copies::off;
  int connections = 0;                      // that this process opens
  std::vector<std::string> cache_prefixes;  // "bookings": keys of ours begin with one of these and a colon
  std::string queue_prefix;                 // "bull:payments"
};

struct redis_report {
  std::vector<examined> findings;
  info_fields info;  // what the server tells of itself; empty where it does not
};

// Blocks for some seconds, and where nobody answers for as long as the deadlines say.
redis_report examine_redis(const redis_patient& patient);

}  // namespace bookings::ops

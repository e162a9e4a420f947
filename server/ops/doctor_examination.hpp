// How one Redis is examined: for doctor_redis.cpp, and for the files that hold its checks (doctor_reaching.cpp until
// there is a connection, doctor_asking.cpp on it).
#pragma once

#include "reprise/redis_probe.hpp"
#include "server/domain/id.hpp"
#include "server/ops/doctor_redis.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bookings::ops {

// One Redis, while it is looked at. A check that finds nothing wrong leaves what the next ones need.
class examination {
 public:
  explicit examination(const redis_patient& patient)
      : patient_(patient), probe_(patient.options), key_("reprise:doctor:" + make_id()) {}

  redis_report run();

 private:
  using answer = reprise::redis_answer;
  using words = std::vector<std::string>;
  struct check;
  static const std::vector<check>& checks();

  finding name();
  finding port();
  finding tls();
  finding protocol();
  finding login();
  finding info();
  finding version() { return judge_version(info_); }
  finding mode() { return judge_mode(info_, patient_.mode); }
  finding role() { return judge_role(info_); }
  finding identity();
  finding writing();
  finding rights();
  finding scripts();
  finding tracking();
  finding persistence() { return judge_persistence(info_); }
  finding eviction() { return judge_eviction(info_, patient_.used_for); }
  finding clients() { return judge_connections(info_, patient_.connections); }
  finding latency();
  finding clock();
  finding keys();

  const std::optional<reprise::redis_probe::fault>& connected();
  reprise::result<answer> ask(const words& command);
  std::string why_not(const reprise::result<answer>& got) const;
  bool may_use(const std::string& key, std::string_view reading, std::string_view removing);
  bool is_ours(std::string_view key) const;
  std::size_t without_ttl(const words& some);

  const redis_patient& patient_;
  reprise::redis_probe probe_;
  std::string key_;
  std::vector<std::string> addresses_;
  bool was_tried_ = false;
  std::optional<reprise::redis_probe::fault> fault_;
  info_fields info_;
  int timeouts_ = 0;
  bool is_written_ = false, is_key_refused_ = false;  // of key_
};

}  // namespace bookings::ops

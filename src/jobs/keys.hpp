// The Redis keys of one queue, as BullMQ has them: `<prefix>:<queue>:<what>`.
#pragma once

#include "reprise/redis_options.hpp"

#include <string>
#include <string_view>

namespace reprise::jobs {

struct queue_keys {
  // REQUIRES: is_valid(prefix, name).
  queue_keys(std::string_view prefix_of_all, std::string_view queue);
  // A name is not empty and has no `:`; neither it nor the prefix has control characters.
  static bool is_valid(std::string_view prefix_of_all, std::string_view queue) noexcept;
  // Throws std::system_error (errc::invalid_name) where it is not, or where the server is a cluster and the keys have no hash
  // tag that keeps them in one slot.
  static void check(std::string_view prefix_of_all, std::string_view queue, const redis_options& server);

  std::string prefix;  // ends with `:`
  std::string id, meta, wait, paused, active, prioritized, pc, delayed, completed, failed, waiting_children, stalled,
      stalled_check, marker, events, limiter, repeat;

  std::string of(std::string_view name) const { return prefix + std::string(name); }
  std::string job(std::string_view job_id) const { return of(job_id); }
};

// How the connections of a queue's workers and listeners are called, so that others find them in CLIENT LIST:
// `<prefix>:<queue in base64><suffix>`.
std::string client_name(std::string_view prefix, std::string_view queue, std::string_view suffix);

// What a job may be called: see errc::invalid_id.
bool is_valid_job_id(std::string_view job_id) noexcept;

}  // namespace reprise::jobs

// What the dashboard asks for, beyond what ops_routes.hpp has: events as they happen, the keys and entries, the jobs,
// and the switch of a demonstration. All of it for admins.
#pragma once

#include "reprise/response_cache.hpp"
#include "server/http/pipeline.hpp"
#include "server/http/router.hpp"
#include "server/ops/demo_switch.hpp"
#include "server/ops/job_desk.hpp"
#include "server/ops/live.hpp"

#include <chrono>
#include <memory>

namespace bookings::ops {

struct dashboard_parts {
  reprise::response_cache& cache;
  live& news;
  http::session_check check_session;         // of who looks at the events, again and again
  job_desk* jobs = nullptr;                  // null: there is no queue, and its routes say so
  bool is_demo = false;                      // else the demonstration's routes are not there
  std::shared_ptr<demo_switch> redis{};      // null: there is no Redis to switch
  std::chrono::milliseconds store_delay{0};  // what STORE_DELAY_MS adds: a demonstration says so
};

// All must outlive the router.
void add_dashboard_routes(http::router& routes, dashboard_parts parts);

}  // namespace bookings::ops

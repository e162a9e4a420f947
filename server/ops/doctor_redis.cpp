#include "server/ops/doctor_redis.hpp"

#include "server/ops/doctor_examination.hpp"

#include <map>
#include <utility>

namespace bookings::ops {

struct examination::check {
  std::string name;
  std::string after;  // the check without which it makes no sense
  finding (examination::*look)();
};

const std::vector<examination::check>& examination::checks() {
  using e = examination;
  static const std::vector<check> all{
      {"name", "", &e::name},
      {"port", "name", &e::port},
      {"tls", "port", &e::tls},
      {"protocol", "tls", &e::protocol},
      {"login", "protocol", &e::login},
      {"info", "login", &e::info},
      {"version", "info", &e::version},
      {"mode", "info", &e::mode},
      {"role", "info", &e::role},
      {"identity", "info", &e::identity},
      {"writing", "login", &e::writing},
      {"rights", "login", &e::rights},
      {"scripts", "login", &e::scripts},
      {"tracking", "login", &e::tracking},
      {"persistence", "info", &e::persistence},
      {"eviction", "info", &e::eviction},
      {"clients", "info", &e::clients},
      {"latency", "login", &e::latency},
      {"clock", "login", &e::clock},
      {"keys", "login", &e::keys},
  };
  return all;
}

redis_report examination::run() {
  redis_report report;
  std::map<std::string, std::string> failed;  // a check, and the first one that is to blame
  for (const auto& each : checks()) {
    finding found;
    if (const auto blamed = failed.find(each.after); blamed != failed.end()) {
      found = skipped("not possible: see the check \"" + blamed->second + "\"");
      failed.emplace(each.name, blamed->second);
    } else {
      found = (this->*each.look)();
      if (found.is == verdict::bad) failed.emplace(each.name, each.name);
    }
    report.findings.push_back({patient_.about, each.name, std::move(found)});
  }
  if (is_written_) (void)ask({"DEL", key_});
  report.info = std::move(info_);
  return report;
}

redis_report examine_redis(const redis_patient& patient) { return examination(patient).run(); }

}  // namespace bookings::ops

#include "server/ops/doctor_redis.hpp"

#include "reprise/redis_probe.hpp"
#include "server/domain/id.hpp"
#include "server/ops/doctor_network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace bookings::ops {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using answer = reprise::redis_answer;
using step = reprise::redis_probe::step;
using words = std::vector<std::string>;

constexpr milliseconds call_limit{2000}, push_limit{1000};
constexpr int pings = 20, most_slots_tried = 200, most_timeouts = 2;
constexpr std::size_t most_keys = 5000, most_ttls = 200;
constexpr milliseconds long_enough{3000};  // for PINGs, for reading keys
constexpr const char* key_lives_ms = "10000";

// Enough of another program's key to tell whose it is; the rest may be somebody's secret.
std::string beginning_of(std::string_view key) {
  constexpr std::size_t longest = 20;
  std::string text(key.substr(0, std::min(key.find(':'), std::min(longest, key.size() / 2))));
  for (auto& each : text)
    if (static_cast<unsigned char>(each) < 0x20 || static_cast<unsigned char>(each) >= 0x7f) each = '?';
  return text + "…";
}

// One Redis, while it is looked at. A check that finds nothing wrong leaves what the next ones need.
class examination {
 public:
  explicit examination(const redis_patient& patient)
      : patient_(patient), probe_(patient.options), key_("reprise:doctor:" + make_id()) {}

  redis_report run();

 private:
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

constexpr const char* fix_address = "see that the server runs there, and that no firewall is between";

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

finding examination::name() {
  const auto& options = patient_.options;
  if (!options.unix_socket.empty()) return skipped("a Unix socket has none");
  auto found = look_up(options.host, options.connect_deadline);
  if (!found.why.empty())
    return bad(options.host + ": " + found.why, "correct the host in the URL, or see this machine's resolver");
  addresses_ = std::move(found.addresses);
  std::string all;
  for (const auto& each : addresses_) all += (all.empty() ? "" : ", ") + each;
  return good(all == options.host ? all + " is an address" : options.host + " is " + all);
}

finding examination::port() {
  const auto& options = patient_.options;
  if (!options.unix_socket.empty()) {
    const auto found = reach_socket(options.unix_socket, options.connect_deadline);
    if (!found.why.empty())
      return bad(options.unix_socket + ": " + found.why,
                 "see that the server makes this socket, and that this user may write to it");
    return good("somebody listens on " + options.unix_socket);
  }
  std::string good_ones, bad_ones;
  for (const auto& each : addresses_) {
    const auto found = reach(each, options.port, options.connect_deadline);
    auto& list = found.why.empty() ? good_ones : bad_ones;
    list += (list.empty() ? "" : ", ") + each + " port " + std::to_string(options.port);
    if (found.why.empty())
      list += fmt::format(" in {:.2f} ms", static_cast<double>(found.took.count()) / 1000);
    else
      list += ": " + found.why;
  }
  if (good_ones.empty()) return bad(bad_ones, fix_address);
  // A name of IPv4 and IPv6, and a server that listens on one of them: connecting takes the one that answers.
  return good("reached " + good_ones + (bad_ones.empty() ? "" : "; not reached " + bad_ones));
}

// Connects at its first call: TLS, greeting and login are one attempt, and each check takes its part of what became of
// it.
const std::optional<reprise::redis_probe::fault>& examination::connected() {
  if (!std::exchange(was_tried_, true)) fault_ = probe_.connect();
  return fault_;
}

finding examination::tls() {
  const bool is_used = patient_.options.tls && patient_.options.unix_socket.empty();
  if (!is_used) return skipped("not used by this URL");
  const auto& fault = connected();
  if (fault && (fault->at == step::files || fault->at == step::tls))
    return bad(fault->why,
               "renew the certificate, or see REDIS_CA_FILE, REDIS_CERT_FILE, REDIS_KEY_FILE and REDIS_SERVER_NAME");
  if (fault && fault->at != step::login && fault->at != step::greeting) return bad(fault->why, fix_address);
  return judge_certificate(probe_.certificate_ends(), std::chrono::system_clock::now());
}

finding examination::protocol() {
  const auto& fault = connected();
  if (!fault || fault->at == step::login) return good("the server speaks RESP3");
  return bad(fault->why, "see host, port and scheme of the URL (rediss:// for TLS)");
}

finding examination::login() {
  const auto& fault = connected();
  if (!fault) {
    const auto& user = patient_.options.user;
    return good(fmt::format("as {}, database {}", user.empty() ? "the default user" : user, patient_.options.database));
  }
  if (fault->why.find("max number of clients") != fault->why.npos)
    return bad(fault->why, "raise maxclients, or look who holds the others (CLIENT LIST)");
  return bad(
      fault->why,
      "see user, password and database of the URL, and REDIS_PASSWORD (reserved characters are percent-encoded)");
}

// A server that is stalled is not waited for by each of a hundred commands.
reprise::result<answer> examination::ask(const words& command) {
  if (timeouts_ >= most_timeouts) return reprise::errc::timed_out;
  auto got = probe_.ask(command, call_limit);
  if (!got && got.error() == reprise::errc::timed_out) ++timeouts_;
  return got;
}

std::string examination::why_not(const reprise::result<answer>& got) const {
  return got ? got->text : got.error().message();
}

finding examination::info() {
  const auto got = ask({"INFO"});
  if (got && got->is == answer::kind::text) {
    info_ = read_info(got->text);
    return good(fmt::format("{} facts", info_.size()));
  }
  const auto why = "INFO: " + why_not(got);
  if (patient_.used_for.caches)
    return bad(why, "allow info: without it which data the server holds is not known, and the cache stays bypassed");
  return bad(why, "allow info: without it a wrong eviction policy cannot be noticed");
}

finding examination::identity() {
  if (!patient_.used_for.caches) return skipped("only a cache needs it");
  return judge_identity(info_);
}

finding examination::writing() {
  auto got = ask({"SET", key_, "text", "PX", key_lives_ms});
  // A node of a cluster has a part of all slots: one of these keys is in it.
  for (int i = 0; i < most_slots_tried && got && got->text.starts_with("MOVED"); ++i) {
    key_ = "reprise:doctor:" + make_id();
    got = ask({"SET", key_, "text", "PX", key_lives_ms});
  }
  if (!got) return bad("SET: " + got.error().message(), "see the check \"latency\"");
  if (got->is != answer::kind::refusal) {
    is_written_ = true;
    return good("a key was written, which lives for ten seconds");
  }
  const auto permitted = permission_in(got->text);
  is_key_refused_ = permitted == permission::key_refused;
  // The queue's user need not reach the doctor's key; the cache's has rights to reprise:*.
  if (is_key_refused_ && !patient_.used_for.caches)
    return skipped("this user may not use keys reprise:*, which only the cache needs");
  if (permitted != permission::granted) return bad(got->text, "see the check \"rights\"");
  if (got->text.starts_with("OOM")) return bad(got->text, "the server is full: see the check \"eviction\"");
  if (got->text.starts_with("READONLY")) return bad(got->text, "name the master in the URL");
  if (got->text.starts_with("MISCONF")) return bad(got->text, "see the check \"persistence\"");
  if (got->text.starts_with("MOVED")) return skipped("the slot of the doctor's key is another node's");
  return bad(got->text, "the server refuses writes: see its log");
}

finding examination::rights() {
  lacking_rights lacking;
  const auto missing_key =
      (patient_.used_for.caches ? "reprise:doctor:none:" : patient_.queue_prefix + ":doctor:none:") + make_id();
  for (const auto& each : needed_rights()) {
    if (each.harmless.empty() ||
        !((each.for_cache && patient_.used_for.caches) || (each.for_queue && patient_.used_for.queues)))
      continue;
    words command;
    bool needs_text = false;
    for (const auto word : each.harmless) {
      needs_text |= word == "@text";
      command.emplace_back(word == "@text"      ? std::string_view(key_)
                           : word == "@missing" ? std::string_view(missing_key)
                                                : word);
    }
    // Without the text the command would make a key. Where keys are refused, so is this one, before anything is done.
    if (needs_text && !is_written_ && !is_key_refused_) {
      lacking.untold.emplace_back(each.name);
      continue;
    }
    const auto got = ask(command);
    if (!got)
      lacking.untold.emplace_back(each.name);
    else if (const auto is = permission_in(got->text);
             got->is == answer::kind::refusal && (is == permission::refused || is == permission::unknown_command))
      lacking.commands.emplace_back(each.name);
  }
  if (patient_.used_for.caches)
    for (const auto& prefix : patient_.cache_prefixes)
      if (!may_use(prefix + ":doctor:none", "GET", "UNLINK")) lacking.keys.push_back(prefix + ":*");
  if (patient_.used_for.queues && !may_use(patient_.queue_prefix + ":doctor:none", "EXISTS", "DEL"))
    lacking.keys.push_back(patient_.queue_prefix + ":*");
  return judge_rights(lacking);
}

// Of a key that nobody has.
bool examination::may_use(const std::string& key, std::string_view reading, std::string_view removing) {
  const auto name = key + ":" + make_id();
  for (const auto command : {reading, removing}) {
    const auto got = ask({std::string(command), name});
    if (got && got->is == answer::kind::refusal && permission_in(got->text) == permission::key_refused) return false;
  }
  return true;
}

finding examination::scripts() {
  const auto loaded = ask({"SCRIPT", "LOAD", "return 1"});
  if (!loaded || loaded->is != answer::kind::text)
    return bad("SCRIPT LOAD: " + why_not(loaded),
               "allow script|load: without it the cache is bypassed, and the queue not used");
  const auto ran = ask({"EVALSHA", loaded->text, "0"});
  if (!ran || ran->text != "1")
    return bad("EVALSHA: " + why_not(ran), "allow evalsha: without it the cache is bypassed, and the queue not used");
  return good("loaded and run");
}

finding examination::tracking() {
  if (!patient_.used_for.caches) return skipped("only a cache needs it");
  tracking_seen seen;
  const auto refusal_of = [this](const reprise::result<answer>& got) -> std::optional<std::string> {
    if (got && got->is != answer::kind::refusal) return {};
    return why_not(got);
  };
  seen.refusal = refusal_of(ask({"CLIENT", "TRACKING", "ON", "OPTIN"}));
  if (seen.refusal) return judge_tracking(seen, patient_.local);
  seen.caching_refusal = refusal_of(ask({"CLIENT", "CACHING", "YES"}));
  if (seen.caching_refusal || !is_written_) return judge_tracking(seen, patient_.local);
  (void)ask({"GET", key_});
  seen.was_tried = !refusal_of(ask({"SET", key_, "another text", "PX", key_lives_ms}));
  const auto end = steady_clock::now() + push_limit;
  while (seen.was_tried && !seen.has_heard && steady_clock::now() < end) {
    const auto push = probe_.next_push(push_limit);
    if (!push) break;
    seen.has_heard = push->size() == 2 && push->front() == "invalidate" && push->back() == key_;
  }
  return judge_tracking(seen, patient_.local);
}

finding examination::latency() {
  std::vector<microseconds> round_trips;
  const auto end = steady_clock::now() + long_enough;
  std::string why;
  for (int i = 0; i < pings && steady_clock::now() < end; ++i) {
    const auto began = steady_clock::now();
    const auto got = ask({"PING"});
    if (!got || got->is == answer::kind::refusal) {
      why = why_not(got);
      break;
    }
    round_trips.push_back(std::chrono::duration_cast<microseconds>(steady_clock::now() - began));
  }
  if (round_trips.empty()) return bad("PING: " + why, "allow ping, or see why the server does not answer in time");
  return judge_latency(std::move(round_trips), patient_.deadline);
}

finding examination::clock() {
  using std::chrono::system_clock;
  const auto before = system_clock::now();
  const auto got = ask({"TIME"});
  const auto after = system_clock::now();
  if (!got || got->items.size() != 2) return skipped("TIME: " + why_not(got));
  const auto server = milliseconds(std::strtoll(got->items[0].text.c_str(), nullptr, 10) * 1000 +
                                   std::strtoll(got->items[1].text.c_str(), nullptr, 10) / 1000);
  const auto middle = std::chrono::duration_cast<milliseconds>((before + (after - before) / 2).time_since_epoch());
  return judge_clock(server - middle, std::chrono::ceil<milliseconds>((after - before) / 2));
}

bool examination::is_ours(std::string_view key) const {
  if (key.starts_with("reprise:") || key.starts_with(patient_.queue_prefix + ":")) return true;
  return std::ranges::any_of(patient_.cache_prefixes, [&](const auto& each) {
    return key.starts_with(each) && key.size() > each.size() && key[each.size()] == ':';
  });
}

finding examination::keys() {
  key_sample sample;
  words of_cache;
  std::string cursor = "0";
  const auto end = steady_clock::now() + long_enough;
  do {
    const auto page = ask({"SCAN", cursor, "COUNT", "500"});
    if (!page || page->is != answer::kind::list || page->items.size() != 2) {
      if (sample.looked_at == 0) return skipped("SCAN: " + why_not(page));
      break;
    }
    cursor = page->items[0].text;
    for (const auto& key : page->items[1].items) {
      if (key.text == key_) continue;
      ++sample.looked_at;
      if (!is_ours(key.text)) {
        if (sample.foreign++ == 0) sample.a_foreign_one = beginning_of(key.text);
        continue;
      }
      ++sample.ours;
      if (patient_.used_for.caches && !key.text.starts_with(patient_.queue_prefix)) of_cache.push_back(key.text);
    }
    sample.is_whole = cursor == "0";
  } while (!sample.is_whole && sample.looked_at < most_keys && steady_clock::now() < end);
  sample.ours_without_ttl = without_ttl(of_cache);
  return judge_keys(sample, patient_.used_for);
}

std::size_t examination::without_ttl(const words& some) {
  std::size_t found = 0;
  const auto end = steady_clock::now() + long_enough;
  for (std::size_t i = 0; i < std::min(some.size(), most_ttls) && steady_clock::now() < end; ++i)
    if (const auto got = ask({"PTTL", some[i]}); got && got->text == "-1") ++found;
  return found;
}

}  // namespace

redis_report examine_redis(const redis_patient& patient) { return examination(patient).run(); }

}  // namespace bookings::ops

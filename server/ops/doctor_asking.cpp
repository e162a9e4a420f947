// The checks on a connection: what the server tells of itself, what its user may do, how fast it is.
#include "server/ops/doctor_examination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace bookings::ops {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

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

}  // namespace

// A server that is stalled is not waited for by each of a hundred commands.
reprise::result<reprise::redis_answer> examination::ask(const words& command) {
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
  // CLUSTER SLOTS was asked before: it is how this node was found.
  if (patient_.mode == expected_mode::cluster && patient_.used_for.caches)
    if (const auto got = ask({"CLUSTER", "INFO"}); got && got->is == answer::kind::refusal)
      lacking.commands.emplace_back("cluster|info");
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

}  // namespace bookings::ops

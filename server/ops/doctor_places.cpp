#include "server/ops/doctor_places.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace bookings::ops {
namespace {

using answer = reprise::redis_answer;
using reprise::redis_address;

constexpr std::chrono::milliseconds call_limit{2000};
constexpr int all_slots = 16384;

std::string shown(const redis_address& where) {
  const bool is_ipv6 = where.host.find(':') != where.host.npos;
  return (is_ipv6 ? "[" + where.host + "]" : where.host) + ":" + std::to_string(where.port);
}

std::string shown(const std::vector<redis_address>& several) {
  std::string text;
  for (const auto& each : several) text += (text.empty() ? "" : ", ") + shown(each);
  return text;
}

int number_in(std::string_view text) {
  int value = -1;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  return wrong == std::errc() && end == text.data() + text.size() ? value : -1;
}

void note(std::vector<redis_address>& all, const redis_address& one) {
  if (std::ranges::find(all, one) == all.end()) all.push_back(one);
}

std::string why_not(const reprise::result<answer>& got) { return got ? got->text : got.error().message(); }

// Absent where it names none, with the reason.
std::optional<redis_address> master_of(reprise::redis_probe& sentinel, const std::string& name, std::string& why) {
  const auto got = sentinel.ask({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", name}, call_limit);
  if (got && got->is == answer::kind::list && got->items.size() == 2) {
    const auto port = number_in(got->items[1].text);
    if (port > 0 && port <= 0xffff) return redis_address{got->items[0].text, static_cast<std::uint16_t>(port)};
  }
  why =
      got && got->is == answer::kind::nothing ? "it knows no master of the name " + name : "SENTINEL: " + why_not(got);
  return {};
}

finding look_at_sentinel(const reprise::redis_options& options, const redis_address& where,
                         std::vector<redis_address>& masters) {
  auto its = options_of_one(options, where);
  its.user = options.sentinels->user;
  its.password = options.sentinels->password;
  its.database = 0;
  reprise::redis_probe probe(its);
  if (const auto fault = probe.connect())
    return bad(shown(where) + ": " + fault->why,
               "see that the sentinel runs there, and REDIS_SENTINEL_USER and REDIS_SENTINEL_PASSWORD");
  std::string why;
  const auto master = master_of(probe, options.sentinels->master_name, why);
  if (!master) return bad(shown(where) + ": " + why, "correct the master's name in the URL, or allow the command");
  note(masters, *master);
  const auto quorum = probe.ask({"SENTINEL", "CKQUORUM", options.sentinels->master_name}, call_limit);
  const auto seen = shown(where) + " names " + shown(*master);
  if (quorum && quorum->is == answer::kind::refusal && quorum->text.starts_with("NOQUORUM"))
    return warning(seen + ": " + quorum->text, "start more sentinels: without a quorum nothing fails over");
  return good(seen);
}

finding look_at_node(const reprise::redis_options& options, const redis_address& where,
                     std::vector<redis_address>& masters) {
  reprise::redis_probe probe(options_of_one(options, where));
  if (const auto fault = probe.connect())
    return bad(shown(where) + ": " + fault->why, "see that the node runs there, user and password");
  const auto got = probe.ask({"CLUSTER", "SLOTS"}, call_limit);
  const auto seen = got ? read_slots(*got, where.host) : std::nullopt;
  if (!seen)
    return bad(shown(where) + ": CLUSTER SLOTS: " + why_not(got), "name nodes of a cluster, and allow cluster|slots");
  for (const auto& each : seen->masters) note(masters, each);
  auto found = judge_slots(*seen);
  found.seen = shown(where) + " names " + found.seen;
  return found;
}

// Each is a way in, so one that is away is no more than a warning while another one answers.
template <class Look>
places_report ask_each(const std::string& about, const char* check, const std::vector<redis_address>& all, Look look) {
  places_report report;
  for (const auto& each : all) report.findings.push_back({about, check, look(each, report.masters)});
  if (report.masters.empty()) return report;
  for (auto& each : report.findings)
    if (each.found.is == verdict::bad) each.found.is = verdict::warning;
  return report;
}

}  // namespace

reprise::redis_options options_of_one(reprise::redis_options all, const redis_address& where) {
  all.sentinels.reset();
  all.cluster.clear();
  all.unix_socket.clear();
  all.host = where.host;
  all.port = where.port;
  return all;
}

places_report ask_sentinels(const std::string& about, const reprise::redis_options& options) {
  auto report = ask_each(about, "sentinel", options.sentinels->at,
                         [&](const auto& where, auto& masters) { return look_at_sentinel(options, where, masters); });
  if (report.masters.size() > 1)
    report.findings.push_back(
        {about, "sentinels",
         warning("they name different masters: " + shown(report.masters),
                 "during a failover that is normal; else the sentinels watch different servers under one name")});
  return report;
}

places_report ask_cluster(const std::string& about, const reprise::redis_options& options) {
  return ask_each(about, "node", options.cluster,
                  [&](const auto& where, auto& masters) { return look_at_node(options, where, masters); });
}

// [[first slot, last slot, [host, port, …], replica…], …]; a host that is absent or empty is the one that was asked.
std::optional<cluster_seen> read_slots(const answer& all, const std::string& asked_host) {
  if (all.is != answer::kind::list) return {};
  cluster_seen seen;
  for (const auto& range : all.items) {
    if (range.items.size() < 3 || range.items[2].items.size() < 2) return {};
    const auto first = number_in(range.items[0].text), last = number_in(range.items[1].text);
    const auto& master = range.items[2].items;
    const auto port = number_in(master[1].text);
    if (first < 0 || last < first || last >= all_slots || port <= 0 || port > 0xffff) return {};
    seen.slots += last - first + 1;
    const bool is_told = !master[0].text.empty() && master[0].text != "?";
    note(seen.masters, {is_told ? master[0].text : asked_host, static_cast<std::uint16_t>(port)});
  }
  return seen;
}

finding judge_slots(const cluster_seen& seen) {
  if (seen.masters.empty()) return bad("no master", "make a cluster of the nodes (redis-cli --cluster create)");
  if (seen.slots < all_slots)
    return bad(fmt::format("{}; {} of {} slots have no master", shown(seen.masters), all_slots - seen.slots, all_slots),
               "see CLUSTER INFO, and redis-cli --cluster check");
  return good(shown(seen.masters) + ", which have all slots");
}

}  // namespace bookings::ops

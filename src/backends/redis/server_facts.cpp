#include "src/backends/redis/server_facts.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace reprise::redis {
namespace {

constexpr std::pair<int, int> oldest_version{6, 2};

// The value of "name:value\r\n" in the text of INFO. RESP3 has the text's format before it: "txt:".
std::string_view field(std::string_view text, std::string_view name) {
  if (text.starts_with("txt:")) text.remove_prefix(4);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find("\r\n", at), text.size());
    const auto line = text.substr(at, end - at);
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':')
      return line.substr(name.size() + 1);
    at = end + 2;
  }
  return {};
}

// "6.2.14" -> {6, 2}; what is no number counts as 0.
std::pair<int, int> first_two(std::string_view version) {
  std::pair<int, int> found{0, 0};
  const auto* const end = version.data() + version.size();
  const auto [dot, wrong] = std::from_chars(version.data(), end, found.first);
  if (wrong == std::errc() && dot != end && *dot == '.') std::from_chars(dot + 1, end, found.second);
  return found;
}

}  // namespace

server_facts read_facts(std::string_view info_server, std::string_view info_replication, std::string_view cluster_info) {
  server_facts facts;
  facts.version = field(info_server, "redis_version");
  facts.mode = field(info_server, "redis_mode");
  if (facts.mode.empty()) facts.mode = field(info_server, "server_mode");  // Valkey 8
  facts.run_id = field(info_server, "run_id");
  facts.role = field(info_replication, "role");
  facts.replication_id = field(info_replication, "master_replid");
  facts.cluster_state = field(cluster_info, "cluster_state");
  facts.config_epoch = field(cluster_info, "cluster_my_epoch");
  return facts;
}

result<std::string> identity_of(const server_facts& facts) {
  if (facts.role.empty() || facts.run_id.empty() || facts.replication_id.empty()) return errc::bad_reply;
  if (facts.role != "master") return errc::wrong_role;
  if (facts.cluster_state.empty()) return facts.run_id + "/" + facts.replication_id;
  if (facts.config_epoch.empty()) return errc::bad_reply;
  if (facts.cluster_state != "ok") return errc::refused;
  return facts.run_id + "/" + facts.replication_id + "/" + facts.config_epoch;
}

std::string why_unusable(const server_facts& facts, std::string_view wanted) {
  if (facts.mode == "sentinel") return "the server is a sentinel, and holds no data";
  if (facts.mode == "cluster" && wanted != "cluster")
    return "the server is a node of a cluster, and redis:// is for one server: use redis+cluster://";
  if (wanted == "cluster" && !facts.cluster_state.empty() && facts.cluster_state != "ok")
    return "the cluster is down: the server says cluster_state:" + facts.cluster_state;
  if (!facts.version.empty() && first_two(facts.version) < oldest_version) {
    constexpr std::size_t longest = 20;
    return "the server is Redis " + facts.version.substr(0, longest) + ", and 6.2 is the oldest that is supported";
  }
  if (facts.role == "slave") return "the server is a replica";
  if (facts.role.empty() || facts.run_id.empty() || facts.replication_id.empty())
    return "which data the server holds is not told: INFO has no role, run_id or master_replid";
  if (wanted == "cluster" && (facts.cluster_state.empty() || facts.config_epoch.empty()))
    return "where the cluster's slots are is not told: CLUSTER INFO has no cluster_state or cluster_my_epoch";
  return {};
}

}  // namespace reprise::redis

#include "src/backends/redis/places.hpp"

#include "src/backends/redis/question.hpp"
#include "src/backends/redis/wire.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace reprise::redis {
namespace {

namespace asio = boost::asio;

void append_reason(std::string& to, std::string_view who, const redis_address& where, std::string_view reason) {
  if (!to.empty()) to += "; ";
  to.append(who).append(1, ' ').append(to_text(where)).append(": ").append(reason);
}

}  // namespace

asio::awaitable<result<places>> place_finder::find(asio::any_io_executor executor, std::string& why) {
  why.clear();
  if (options_.sentinels) return ask_sentinels(std::move(executor), why);
  if (!options_.cluster.empty()) return ask_cluster(std::move(executor), why);
  return [](redis_options only) -> asio::awaitable<result<places>> {
    places found;
    found.masters.push_back(std::move(only));
    co_return std::move(found);
  }(options_);
}

redis_options place_finder::at(const redis_address& where) const {
  auto options = options_;
  options.host = where.host;
  options.port = where.port;
  return options;
}

asio::awaitable<result<places>> place_finder::ask_sentinels(asio::any_io_executor executor, std::string& why) {
  const auto& all = *options_.sentinels;
  const auto first = next_++;
  boost::system::error_code failed = errc::unavailable;
  for (std::size_t i = 0; i < all.at.size(); ++i) {
    const auto& where = all.at[(first + i) % all.at.size()];
    auto sentinel = at(where);
    sentinel.user = all.user;
    sentinel.password = all.password;
    sentinel.database = 0;
    const auto what = std::make_shared<boost::redis::request>();
    what->push("SENTINEL", "GET-MASTER-ADDR-BY-NAME", all.master_name);
    std::string reason;
    const auto answer = co_await ask(executor, sentinel, what, reason);
    if (!answer) {
      failed = answer.error();
      append_reason(why, "sentinel", where, reason);
      continue;
    }
    const auto& nodes = (*answer)->value();  // [host, port], or null
    std::uint16_t port = 0;
    if (nodes.size() == 3) {
      const auto text = nodes.at(2).value;
      std::from_chars(text.data(), text.data() + text.size(), port);
    }
    if (port == 0) {
      append_reason(why, "sentinel", where, nodes.size() == 1 ? "knows no master of the name " + all.master_name : "no sentinel's answer");
      failed = errc::refused;
      continue;
    }
    places found;
    found.masters.push_back(at({std::string(nodes.at(1).value), port}));
    co_return std::move(found);
  }
  co_return failed;
}

asio::awaitable<result<places>> place_finder::ask_cluster(asio::any_io_executor executor, std::string& why) {
  auto nodes = options_.cluster;
  for (const auto& each : known_)
    if (std::find(nodes.begin(), nodes.end(), each) == nodes.end()) nodes.push_back(each);
  const auto first = next_++;
  boost::system::error_code failed = errc::unavailable;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto& where = nodes[(first + i) % nodes.size()];
    std::string reason;
    auto found = co_await ask_node(executor, where, reason);
    if (found) co_return found;
    failed = found.error();
    append_reason(why, "node", where, reason);
  }
  co_return failed;
}

asio::awaitable<result<places>> place_finder::ask_node(asio::any_io_executor executor, const redis_address& node, std::string& why) {
  const auto what = std::make_shared<boost::redis::request>();
  what->push("CLUSTER", "SLOTS");
  const auto answer = co_await ask(std::move(executor), at(node), what, why);
  if (!answer) co_return answer.error();
  const auto& flat = (*answer)->value();
  const std::vector<boost::redis::resp3::node_view> nodes(flat.begin(), flat.end());
  auto map = read_slot_map(nodes, node.host);
  if (!map) {
    why = "it answers CLUSTER SLOTS as no node does";
    co_return map.error();
  }
  if (const auto uncovered = map->uncovered(); uncovered > 0) {
    why = std::to_string(uncovered) + " of the cluster's 16384 slots have no master";
    co_return errc::refused;
  }
  places found;
  for (const auto& each : map->masters) found.masters.push_back(at(each));
  known_ = map->masters;
  found.slots = std::make_shared<const slot_map>(std::move(*map));
  co_return std::move(found);
}

}  // namespace reprise::redis

// Where the masters are: the one server of the options, the master that the sentinels name, or those of a cluster. Found anew
// before each session, so nobody follows anything; whoever is asked first changes from time to time, so that one that is
// behind, or dead, is not asked for ever.
//
// Why not Boost.Redis's own discovery: it asks for each connection object, so those of one session could come to different
// masters in the middle of a failover, and it does not tell which it found.
//
// Not thread-safe.
#pragma once

#include "reprise/redis_options.hpp"
#include "src/backends/redis/slot_map.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <vector>

namespace reprise::redis {

struct places {
  std::vector<redis_options> masters;    // how to connect to each
  std::shared_ptr<const slot_map> slots; // of a cluster: whose masters are in the same order
};

class place_finder {
 public:
  explicit place_finder(redis_options options) : options_(std::move(options)) {}

  // Not asked for where there is one server: then nothing is awaited. `why` says what failed, for the log.
  boost::asio::awaitable<result<places>> find(boost::asio::any_io_executor executor, std::string& why);

 private:
  boost::asio::awaitable<result<places>> ask_sentinels(boost::asio::any_io_executor executor, std::string& why);
  boost::asio::awaitable<result<places>> ask_cluster(boost::asio::any_io_executor executor, std::string& why);
  boost::asio::awaitable<result<places>> ask_node(boost::asio::any_io_executor executor, const redis_address& node, std::string& why);
  redis_options at(const redis_address& where) const;

  redis_options options_;
  std::size_t next_ = 0;               // who is asked first
  std::vector<redis_address> known_{}; // masters of the cluster's last map: seeds may be gone by now
};

}  // namespace reprise::redis

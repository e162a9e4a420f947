// Reads that are sent together: one write, one wake-up of the server and one reply for all of
// them, instead of one each. Under load that is most of what a read costs.
//
// Not thread-safe: lives on its connection's executor. Owned by shared_ptr, since the values that it gives lie in its reply.
#pragma once

#include "reprise/backend.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/redis/request.hpp>
#include <boost/redis/response.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace reprise::redis {

struct read_batch {
  struct reader {
    std::span<backend::slot> slots;
    boost::asio::any_completion_handler<void(boost::system::error_code)> done;
  };
  std::vector<reader> readers;
  std::vector<backend::slot*> order;  // their slots, those of one key side by side, as the request has the keys
  std::vector<std::size_t> keys;      // where in `order` each key begins
  std::vector<std::size_t> ends;      // of the commands, in `keys`
  std::chrono::steady_clock::time_point due{};  // the latest of theirs
  std::chrono::steady_clock::time_point sent{};
  boost::redis::request request;
  boost::redis::generic_flat_response reply;

  // Writes the request: each key once, whoever wants it, so that a hot one does not travel a hundred times in one reply;
  // tracked keys first; and of many keys an MGET each few, so that a reply stays far below the largest that is read.
  enum class commands { of_any, of_one_slot };  // which keys may share one: a cluster takes those of one slot alone
  void compose(commands kind);
  // From the reply to the readers' slots; `self` owns this batch. errc::bad_reply where it is none to this request.
  static boost::system::error_code distribute(const std::shared_ptr<read_batch>& self);
  // Lets every reader go on, in the order in which they came.
  void finish(boost::system::error_code error);
};

}  // namespace reprise::redis

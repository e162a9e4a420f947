// Who looks at the dashboard: streams that share one short queue of pieces. Memory is bounded by the queue, however
// slowly a viewer takes them: one that falls behind its beginning is dropped.
//
// Thread-safe. Streams may outlive it, and end with close().
#pragma once

#include "server/http/reply.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace bookings::ops {

class live_viewers {
 public:
  using permission = std::function<boost::asio::awaitable<bool>()>;

  live_viewers();
  ~live_viewers();

  bool any() const noexcept { return size() > 0; }
  std::size_t size() const noexcept;
  void tell(std::string_view event, std::string_view data);
  void close();
  // A stream that begins with `first`. Null where there are too many, or after close().
  std::shared_ptr<http::body_stream> add(const boost::asio::any_io_executor& executor,
                                         std::shared_ptr<const std::string> first, permission may_look);

 private:
  struct shared;
  class stream;
  std::shared_ptr<shared> shared_;
};

}  // namespace bookings::ops

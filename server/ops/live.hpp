// The dashboard's news: once a second the numbers of this process, invalidations as they happen, and the last hour at
// the beginning. One sampler makes one text for all viewers. Where nobody looks it wakes every ten seconds, for the
// hour's next point, and asks neither store nor queue.
//
// What a viewer gets are server-sent events (HTML standard, section 9.2), each with one line of JSON:
//   history      {"every":10,"columns":["t",…],"points":[[…],…]}    first, once
//   tick         the counters since the process began, percentiles of the last interval, and who is well
//   invalidated  {"t":…,"scopes":[["bookings:user:1",2],…],"more":0}   scope, entries removed; `more` were left out
//   ended        {"why":"session"}    last: the token is good for nothing any more
//
// Thread-safe. It must outlive the streams.
#pragma once

#include "reprise/response_cache.hpp"
#include "server/http/reply.hpp"
#include "server/ops/cache_times.hpp"
#include "server/ops/demo_switch.hpp"
#include "server/ops/job_desk.hpp"
#include "server/stores/async_store.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace bookings::ops {

struct live_parts {
  const reprise::response_cache& cache;
  const cache_times& times;
  async_store& stores;
  job_desk* jobs = nullptr;             // null: there is no queue
  demo_switch* redis_switch = nullptr;  // null: none
  std::string redis_address;            // without secrets; empty: there is none
};

class live {
 public:
  static constexpr std::size_t most_viewers = 64;

  // `executor`: one that a single thread runs; the sampler lives there. The parts must outlive it.
  live(boost::asio::any_io_executor executor, live_parts parts);
  ~live();

  void start();
  // Ends all streams, and the sampler.
  void close();

  // For reprise::options::on_invalidated.
  void note_invalidated(std::string_view scope, std::size_t entries);

  // Is the viewer still who may look? Asked about once a second.
  using permission = std::function<boost::asio::awaitable<bool>()>;
  // A stream for one viewer, to be used on `executor`. Ends where the viewer may not look any more, takes its pieces
  // too slowly, or has looked for a quarter of an hour: then it comes again, with its token. Null where there are too
  // many.
  std::shared_ptr<http::body_stream> watch(const boost::asio::any_io_executor& executor, permission may_look);

 private:
  class impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace bookings::ops

// A request as a part of a trace: whose it is, and the span of this server's work on it.
#pragma once

#include "reprise/trace.hpp"

#include <memory>
#include <utility>

namespace bookings::http {

struct request_trace {
  explicit request_trace(std::shared_ptr<reprise::trace> whose)
      : of(std::move(whose)), work(of, "", reprise::span_kind::server) {}

  const std::shared_ptr<reprise::trace> of;
  reprise::span work;  // ends with the request's reply
};

}  // namespace bookings::http

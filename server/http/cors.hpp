// Which pages in browsers may call us from another origin: the CORS protocol of the Fetch standard
// (https://fetch.spec.whatwg.org/#http-cors-protocol). Origins are compared as text, exactly as the standard has it; no
// wildcard, and no credentials mode, since tokens travel in the Authorization header and never in a cookie.
//
// Thread safety: constant once constructed.
#pragma once

#include "server/http/reply.hpp"
#include "server/http/request.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bookings::http {

class cors {
 public:
  cors() = default;
  explicit cors(std::vector<std::string> origins) : origins_(std::move(origins)) {}

  // Is this the question that a browser asks before a request that HTML forms could not make, and from an origin that
  // may ask? Such a request carries no token; it is answered before anybody is asked for one.
  bool is_preflight(const request& what) const;
  // The answer to it. `methods` are those of its path.
  static reply preflight(const std::vector<std::string>& methods);

  // Names the origin on a reply to it. With any origin configured, `Vary: Origin` is on every reply, also to others: a
  // cache in between must not hand one origin's reply to the next.
  void add_headers(reply& answer, std::string_view origin) const;

 private:
  bool is_allowed(std::string_view origin) const;

  std::vector<std::string> origins_;
};

}  // namespace bookings::http

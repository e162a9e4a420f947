// Finds the route of a path. Segments are compared as text; ":name" matches one segment that is not empty; text goes
// before
// ":name". A few dozen routes, kept in a tree by segment, no regular expressions.
#pragma once

#include "server/http/reply.hpp"
#include "server/http/request.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bookings::http {

// Who may call a route. A bad token is 401 on all of them.
enum class access { anyone, signed_in, student, teacher, admin };

std::string_view to_text(access who) noexcept;

// What a request to a route is counted as, and so limited (rate_limits.hpp).
enum class throttle {
  none,
  sign_in,  // by the client's address: what could guess a password, or fill the store
  fan_out,  // by the user: a write that may invalidate very many lists
};

// What a request's body has to be, where it has one.
enum class media { json, form };

using controller = std::function<boost::asio::awaitable<reply>(request&)>;

struct route {
  boost::beast::http::verb method;
  std::string pattern;  // "/api/gigs/:id"
  access who;
  controller handle;
  throttle counts_as = throttle::none;
  media takes = media::json;
};

class router {
 public:
  router();
  ~router();
  // Adds a route. Throws std::logic_error where the same method and pattern are there already. Before the first find().
  void add(route what);

  struct match {
    const route* found = nullptr;  // lives as long as the router
    parameters path_values;
    std::vector<std::string> allowed;  // where the path exists under other methods only: for 405's Allow
  };
  // Thread-safe once all routes are added. HEAD finds GET's route. `path` is the path as it was sent, without the query
  // (request::encoded_path()): it is split before it is decoded, so that "%2F" stays data of its segment. REQUIRES: it
  // passed parse_target().
  match find(boost::beast::http::verb method, std::string_view path) const;

  // All routes, in the order in which they were added.
  const std::vector<std::unique_ptr<route>>& routes() const noexcept;

 private:
  struct node;
  std::unique_ptr<node> root_;
  std::vector<std::unique_ptr<route>> routes_;
};

}  // namespace bookings::http

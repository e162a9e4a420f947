// What `bookings-server cache` asks: a running server, or Redis and the store themselves.
#pragma once

#include "server/command_line.hpp"
#include "server/config.hpp"

#include <boost/json/value.hpp>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bookings {

// What the user could have known: exit status 2. All else that fails is a std::runtime_error with words for people.
struct usage_error : std::runtime_error {
  using runtime_error::runtime_error;
};

// Keys are anybody's who may write to that Redis: none may speak to a terminal.
inline std::string plain(std::string_view text) {
  std::string shown(text);
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return shown;
}

class cache_source {
 public:
  virtual ~cache_source() = default;
  virtual boost::json::value stats() = 0;
  // A page, as GET /api/cache/keys has it.
  virtual boost::json::value keys(const std::string& of, const std::string& cursor) = 0;
  virtual boost::json::value purge(const std::string& prefix, const std::string& user) = 0;  // user: empty for all
};

// Over HTTP, as an admin. stats(): as GET /api/cache/stats.
std::unique_ptr<cache_source> ask_server(const cache_question& wanted, const config& settings, const secrets& secret);

// Without a server: what lies in Redis, and the store. stats(): of each prefix what is there,
// {"prefixes": {"bookings": {"entries", "entryBytes", "generations", "indexes", "locks"}}, "outboxRows"}.
// Keys have no state: whether one would be used, only those know who take part. purge() waits for all running servers, and
// is written into the trail in the name of ADMIN_EMAIL.
std::unique_ptr<cache_source> look_directly(const config& settings, const secrets& secret);

}  // namespace bookings

// Which commands a user of Redis needs, and how it is found out whether it has the right to them: by sending each in a
// form that changes nothing. `ACL DRYRUN` would be simpler, but is a right of its own, and Redis 6.2 has none. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bookings::ops {

// What a Redis is used for.
struct duties {
  bool caches = false, queues = false;
};

// A right as ACL SETUSER names it ("get", "script|load"), and the command that shows whether it is there.
struct needed_right {
  std::string_view name;
  bool for_cache, for_queue;
  // Its words; "@missing" stands for a key that is not there, "@text" for one that holds a text, of the doctor's own.
  // None of them changes a key: those that would make one meet an argument, or a text, on which they fail.
  std::vector<std::string_view> harmless;
};
const std::vector<needed_right>& needed_rights();

// What a server's words say of a right. A key that may not be used shows that the command may be.
enum class permission { granted, refused, unknown_command, key_refused };
permission permission_in(std::string_view refusal) noexcept;

}  // namespace bookings::ops

// Is what a connection gave a sequence of whole, well-formed replies, none of which should not be? For the fuzzer, whose
// requests say nothing of the answers that they should get.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace bookings::fuzz {

struct verdict {
  std::map<unsigned, std::size_t> replies;  // by status
  std::string wrong;                        // empty: nothing is
};

// `sent` is asked only whether a reply may be one to HEAD, and so without its body.
verdict check_replies(std::string_view received, std::string_view sent);

}  // namespace bookings::fuzz

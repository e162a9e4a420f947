// The library's one list of expected failures. None of them ever reaches a reader of a cached route: a cache that cannot
// answer is bypassed. Only `overloaded` does, where origin reads themselves are at their bound.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace reprise {

enum class errc {
  unavailable = 1,  // no connection, or the breaker is open: nothing was sent
  timed_out,        // the deadline passed: whether it was executed is unknown
  refused,          // the server answered with an error: full, read-only, loading, no permission
  bad_reply,        // the server answered what the protocol does not have
  wrong_role,       // the server is a replica
  invalid_name,     // a prefix, user id or role outside [A-Za-z0-9_.-]{1,64}
  overloaded,       // origin reads are at their bound, and the brief wait for a place was in vain
  log_unavailable,  // the invalidation log (the store) cannot be read or written
  forgotten,        // the log has forgotten the identity in use: what its Redis holds must not be used
  lease_ended,      // a lease was over before it was renewed, or somebody has seen it end
  not_acknowledged, // whether every node has taken notice of a write cannot be learned in time: no acknowledgement of it
};

const boost::system::error_category& errc_category() noexcept;  // "reprise"
inline boost::system::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), errc_category()}; }  // so that an errc is an error_code

template <class T>
using result = boost::system::result<T>;  // a value, or why there is none

}  // namespace reprise

template <>
struct boost::system::is_error_code_enum<reprise::errc> : std::true_type {};

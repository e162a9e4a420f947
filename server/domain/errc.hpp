// The one list of expected failures of the server. server/http/reply.cpp has the one table from these to HTTP statuses.
// Use result<T> for everything that can fail in the ordinary course of things; exceptions are for broken invariants.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace bookings {

enum class errc {
  // what the client sent
  malformed = 1,       // not JSON, not UTF-8, not what the route takes at all
  invalid_field,       // a member or parameter is missing, unknown, of the wrong type or out of range
  unprocessable,       // the form is right and the meaning is not: a time that is past
  unauthorized,        // no token, or one that is forged or expired
  wrong_credentials,   // login: email or password; never says which
  blocked,             // login: the password is right, but an admin has blocked the account
  forbidden,           // known, but not allowed
  not_found,           // also what exists but must not be shown to this user
  method_not_allowed,  // the path exists under another method
  // what the data does not allow
  email_taken,         // register: another account has it
  overlap,             // an accepted booking of that teacher is in the way
  lessons_to_come,     // an account that is to be deleted has accepted bookings that are not over
  wrong_state,         // a transition that the state of a booking or payment does not have
  already_reviewed,    // the booking has a review
  transaction_used,    // another payment that was not rejected names this transaction
  idempotency_mismatch,  // the Idempotency-Key stands for a request with another body
  in_progress,         // the request that this one repeats is under way
  // what the client sent too much of
  body_too_large,
  unsupported_media_type,
  too_many_requests,
  // us
  overloaded,          // a bounded queue is full: try again soon
  store_unavailable,   // the store cannot be reached or is locked for too long
  not_acknowledged,    // a write happened, but not every node can be known to have taken notice: ask again
  cache_unavailable,    // what lies in the cache cannot be looked at now, or there is none
  gateway_unavailable,  // the payment gateway cannot be asked now, or none is set up
  unsettled,           // a refusal that tells of somebody else's write, of which not every node has taken notice yet
  store_too_new,       // its schema was written by a newer version of this program: refused at start
  internal,            // a broken invariant, logged with its cause
};

const boost::system::error_category& errc_category() noexcept;
inline boost::system::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), errc_category()}; }

template <class T>
using result = boost::system::result<T>;

}  // namespace bookings

template <>
struct boost::system::is_error_code_enum<bookings::errc> : std::true_type {};

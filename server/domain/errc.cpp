#include "server/domain/errc.hpp"

#include <string>

namespace bookings {
namespace {

// One sentence each, fit to be shown to a client: no detail of the inside.
const char* text_of(errc e) noexcept {
  switch (e) {
    case errc::malformed: return "the request cannot be read";
    case errc::invalid_field: return "a value is missing, unknown or out of range";
    case errc::unprocessable: return "the request is well formed but cannot be carried out";
    case errc::unauthorized: return "a valid token is needed";
    case errc::wrong_credentials: return "wrong email or password";
    case errc::blocked: return "this account is blocked";
    case errc::forbidden: return "this is not allowed to you";
    case errc::not_found: return "there is no such thing here";
    case errc::method_not_allowed: return "this method is not allowed here";
    case errc::email_taken: return "another account has this email";
    case errc::overlap: return "the teacher has an accepted booking at that time";
    case errc::lessons_to_come: return "the account has lessons to come";
    case errc::wrong_state: return "its present state does not allow this";
    case errc::already_reviewed: return "the booking has been reviewed already";
    case errc::transaction_used: return "another payment names this transaction";
    case errc::idempotency_mismatch: return "this key was used for another request";
    case errc::in_progress: return "the request that this one repeats is under way";
    case errc::body_too_large: return "the request's body is too large";
    case errc::unsupported_media_type: return "the request's media type is not supported";
    case errc::too_many_requests: return "too many requests, try again later";
    case errc::overloaded: return "the server is busy, try again soon";
    case errc::store_unavailable: return "the data cannot be reached, try again soon";
    case errc::not_acknowledged: return "the change was made, but not every node can be known to have taken notice of it";
    case errc::cache_unavailable: return "the cache cannot be looked at";
    case errc::gateway_unavailable: return "the payment gateway cannot be used at the moment";
    case errc::unsettled: return "somebody else's change has not reached every node yet";
    case errc::store_too_new: return "the data was written by a newer version of this program";
    case errc::internal: return "something went wrong on our side";
  }
  return "unknown error";
}

// Boost's base has a protected destructor that is not virtual, on purpose: a category is never deleted through it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "bookings"; }
  std::string message(int value) const override { return text_of(static_cast<errc>(value)); }
  const char* message(int value, char*, std::size_t) const noexcept override {
    return text_of(static_cast<errc>(value));
  }
};
#pragma GCC diagnostic pop

}  // namespace

const boost::system::error_category& errc_category() noexcept {
  static const category instance;
  return instance;
}

}  // namespace bookings

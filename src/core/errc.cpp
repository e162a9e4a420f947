#include "reprise/errc.hpp"

#include <string>

namespace reprise {

const boost::system::error_category& errc_category() noexcept {
  static const struct : boost::system::error_category {
    const char* name() const noexcept override { return "reprise"; }
    std::string message(int value) const override {
      switch (static_cast<errc>(value)) {
        case errc::unavailable: return "not connected to the cache";
        case errc::timed_out: return "no answer from the cache within the deadline";
        case errc::refused: return "the cache answered with an error";
        case errc::bad_reply: return "the cache answered what the protocol does not have";
        case errc::wrong_role: return "the server is a replica";
        case errc::invalid_name: return "not a valid name: 1 to 64 of A-Z a-z 0-9 _ . -";
        case errc::overloaded: return "too many reads of the origin are under way";
        case errc::log_unavailable: return "the invalidation log cannot be reached";
        case errc::forgotten: return "the invalidation log has forgotten this Redis: did its clock jump?";
        case errc::lease_ended: return "the lease ended before it was renewed: the store is slow, or this process was paused";
        case errc::not_acknowledged: return "not every node has taken notice of the write in time";
      }
      return "unknown";
    }
  } category;
  return category;
}

}  // namespace reprise

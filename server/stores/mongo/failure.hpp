// What went wrong between this program and the database.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace bookings::mongo {

inline constexpr std::uint32_t not_authorized = 13;  // a code of the server's

// A command that failed. `what()` is the driver's or the server's text, without credentials.
class failure : public std::runtime_error {
 public:
  // away: no server answered, or one that may not take the command (a step-down): whether a write was carried out is
  // unknown. duplicate: a unique index stands against it, and nothing was written. refused: the server will not do it.
  enum class kind { away, duplicate, refused };
  failure(kind which, std::uint32_t code, const std::string& text)
      : std::runtime_error(text), which_(which), code_(code) {}
  kind which() const noexcept { return which_; }
  std::uint32_t code() const noexcept { return code_; }

 private:
  kind which_;
  std::uint32_t code_;
};

}  // namespace bookings::mongo

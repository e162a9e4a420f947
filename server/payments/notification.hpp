// What the gateway sends to the routes that it calls: the notification (IPN), and the customer's browser with the same
// form. Pure: a form in, what it says out.
//
// Its signature shows that the gateway, or somebody who has seen one of its forms, made it. It shows neither that it is
// new nor that it is the last word, so nothing of it is believed but that there is something to ask for.
#pragma once

#include <boost/system/result.hpp>

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bookings {

// What a form says whose signature is right: signed fields only, of letters, digits, "_", "-" and "." alone.
struct gateway_notification {
  std::string transaction_id;  // ours; never empty
  std::string validation_id;   // to validate with; empty where there is none, as for what failed
  std::string status;          // "VALID", "FAILED": for the log
  friend bool operator==(const gateway_notification&, const gateway_notification&) = default;
};

struct notification_fault {
  enum class kind {
    malformed,   // no form, too large, a field twice, or no transaction id that is one
    not_signed,  // no verify_key, or no signature
    wrong_signature,
  };
  kind what = kind::malformed;
  std::string_view why;  // a literal, fit for the log; never a part of the form
};

[[noreturn]] inline void throw_exception_from_error(const notification_fault&,
                                                    const boost::source_location& /*where*/) {
  throw std::logic_error("a notification was taken that is none");
}

using notification_result = boost::system::result<gateway_notification, notification_fault>;

inline constexpr std::size_t most_notification_bytes = 16 * 1024, most_notification_fields = 100;

// `form` is the body as it came, application/x-www-form-urlencoded.
//
// The fields that verify_key names, with store_passwd = the MD5 of the password in hex, sorted by name and joined as
// name=value with "&" between them, have the MD5 verify_sign; with SHA-256 in both places, verify_sign_sha2. Each
// signature that is there has to be right, and one has to be there. Compared in constant time.
notification_result read_notification(std::string_view form, std::string_view store_password);

// Which transaction a form speaks of, signed or not: to show somebody their own payment, and to ask the gateway about.
// Absent where there is none of 1 to 30 such characters, or the form is none.
std::optional<std::string> claimed_transaction_id(std::string_view form);

}  // namespace bookings

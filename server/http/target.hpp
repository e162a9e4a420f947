// Takes the target of a request apart: "/api/gigs?subject=Maths+and%20more" -> "/api/gigs", {subject: "Maths and
// more"}.
//
// Stricter than browsers need and more lenient than RFC 3986: what must not be in a target (control characters, spaces,
// "#", broken percent-encoding, NUL, text that is not UTF-8 once decoded) is refused; characters that should have been
// percent-encoded but are harmless ("|", "{", raw UTF-8) are taken as they are, as every common client sends some of
// them.
#pragma once

#include "server/domain/errc.hpp"
#include "server/http/request.hpp"

#include <string>
#include <string_view>

namespace bookings::http {

inline constexpr std::size_t most_query_parameters = 1'000;

struct target_parts {
  std::string_view
      origin_form;   // path and query as sent, a part of the argument; without "http://host" where it had one
  std::string path;  // decoded
  parameters query;  // decoded; "+" is a space; in the order of the text; empty parts ("a=1&&b=2") are skipped
};

// Takes origin-form (RFC 9112, section 3.2.1) and absolute-form (3.2.2). errc::malformed for everything else. Its time
// is linear in the length of the target; the length itself is limited by the session.
result<target_parts> parse_target(std::string_view target);

// One path segment without its percent-encoding. REQUIRES: it passed parse_target().
std::string decode_segment(std::string_view segment);

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text) noexcept;

}  // namespace bookings::http

// The first lines of a reply as they go over the wire (RFC 9112, section 4): status line, the headers that every reply
// has, and the reply's own.
#pragma once

#include "server/http/reply.hpp"

#include <string>
#include <string_view>

namespace bookings::http {

enum class connection_header { none, keep_alive, close };
enum class http_version { http_1_0, http_1_1 };  // of the request: the older one knows no chunks

// Does a reply of this status have a body at all? 204 and 304 do not, whatever the reply says.
bool may_have_body(unsigned status) noexcept;

// Appends everything up to and with the empty line. Every reply gets Date (made once a second and thread), X-Request-Id
// and the headers that browsers are to be careful by, with a body also Content-Type and Content-Length; a stream
// has no length. Where it has
// none of its own, Cache-Control is "no-store", and Content-Security-Policy allows nothing. A header whose name or
// value contains a control character, which could begin a header or a reply of its own, is left out.
void append_head(std::string& out, const reply& answer, std::string_view request_id, connection_header connection,
                 http_version version = http_version::http_1_1);

}  // namespace bookings::http

// Files that are made at build time and are a part of the program: how they are kept, and how a request gets one.
#pragma once

#include "server/http/reply.hpp"
#include "server/http/request.hpp"

#include <string_view>

namespace bookings::ops {

struct embedded_file {
  std::string_view name;
  std::string_view content_type;
  std::string_view plain, gzip;  // the same content twice
  std::string_view tag;          // of an ETag: the beginning of the content's hash
};

// The file, packed where the client takes that; 304 where the client has it. `policy`: a page's Content-Security-Policy, empty
// for what is no page.
http::reply show(const http::request& what, const embedded_file& file, std::string_view cache_control, std::string_view policy);

}  // namespace bookings::ops

#include "server/ops/embedded_files.hpp"

#include "server/http/accepted_coding.hpp"

#include <string>

namespace bookings::ops {

using boost::beast::http::field;

http::reply show(const http::request& what, const embedded_file& file, std::string_view cache_control, std::string_view policy) {
  http::reply answer;
  const bool is_packed = http::accepts_coding(what.header(field::accept_encoding), "gzip");
  const auto etag = "\"" + std::string(file.tag) + (is_packed ? "-gzip\"" : "\"");
  answer.content_type = file.content_type;
  answer.set("ETag", etag);
  answer.set("Vary", "Accept-Encoding");
  answer.set("Cache-Control", cache_control);
  if (!policy.empty()) answer.set("Content-Security-Policy", policy);
  if (what.header(field::if_none_match).find(etag) != std::string_view::npos) {
    answer.status = 304;
    return answer;
  }
  if (is_packed) answer.set("Content-Encoding", "gzip");
  answer.body = is_packed ? file.gzip : file.plain;
  return answer;
}

}  // namespace bookings::ops

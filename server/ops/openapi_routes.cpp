#include "server/http/accepted_coding.hpp"
#include "server/ops/openapi.hpp"
#include "server/ops/openapi_files.hpp"

#include <algorithm>
#include <string>

namespace bookings::ops {
namespace {

using boost::asio::awaitable;
using boost::beast::http::field;
using boost::beast::http::verb;
using http::access;
using http::reply;
using http::request;

// The page loads its own files and calls its own server, nothing else; no script stands in it and none is made from
// text. The renderer sets styles in place, which can show things wrongly and no more.
constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src "
    "'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::string_view page = "index.html", document = "openapi.json";

reply show(const request& what, const openapi_file& file) {
  reply answer;
  const bool is_packed = http::accepts_coding(what.header(field::accept_encoding), "gzip");
  const auto etag = "\"" + std::string(file.tag) + (is_packed ? "-gzip\"" : "\"");
  answer.content_type = file.content_type;
  answer.set("ETag", etag);
  answer.set("Vary", "Accept-Encoding");
  answer.set("Cache-Control", "no-cache");  // a new version of the program brings new ones
  if (file.name == page) answer.set("Content-Security-Policy", page_policy);
  if (what.header(field::if_none_match).find(etag) != std::string_view::npos) {
    answer.status = 304;
    return answer;
  }
  if (is_packed) answer.set("Content-Encoding", "gzip");
  answer.body = is_packed ? file.gzip : file.plain;
  return answer;
}

reply find(const request& what, std::string_view name) {
  const auto files = openapi_files();
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const openapi_file& each) { return each.name == name; });
  if (found != files.end()) return show(what, *found);
  if (name == page)
    return http::failure(errc::not_found, what.request_id,
                         {{"docs", "this server was built without npm, and so without this page: see /openapi.json"}});
  return http::failure(errc::not_found, what.request_id);
}

}  // namespace

void add_openapi_routes(http::router& routes) {
  routes.add({verb::get, "/openapi.json", access::anyone,
              [](request& what) -> awaitable<reply> { co_return find(what, document); }});
  routes.add(
      {verb::get, "/docs", access::anyone, [](request& what) -> awaitable<reply> { co_return find(what, page); }});
  routes.add({verb::get, "/docs/:file", access::anyone,
              [](request& what) -> awaitable<reply> { co_return find(what, what.path_value("file")); }});
}

}  // namespace bookings::ops

#include "server/ops/page_routes.hpp"

#include "server/http/accepted_coding.hpp"
#include "server/ops/page_assets.hpp"

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

// The page loads its own script and style, and calls its own server: nothing else, from nowhere else. Nothing inline
// runs.
constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

reply show(const request& what, const page_asset& file) {
  reply answer;
  const bool is_page = file.name == "index.html";
  const bool is_packed = http::accepts_coding(what.header(field::accept_encoding), "gzip");
  const auto etag = "\"" + std::string(file.tag) + (is_packed ? "-gzip\"" : "\"");
  answer.content_type = file.content_type;
  answer.set("ETag", etag);
  answer.set("Vary", "Accept-Encoding");
  // A file whose name has its hash never changes; the page, which names them, is asked for each time.
  answer.set("Cache-Control", is_page ? "no-cache" : "public, max-age=31536000, immutable");
  if (is_page) answer.set("Content-Security-Policy", policy);
  if (what.header(field::if_none_match).find(etag) != std::string_view::npos) {
    answer.status = 304;
    return answer;
  }
  if (is_packed) answer.set("Content-Encoding", "gzip");
  answer.body = is_packed ? file.gzip : file.plain;
  return answer;
}

reply find(const request& what, std::string_view name) {
  const auto files = page_assets();
  if (files.empty())
    return http::failure(errc::not_found, what.request_id,
                         {{"dashboard", "this server was built without it: that needs Node.js 18 or newer, and npm"}});
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const page_asset& each) { return each.name == name; });
  return found != files.end() ? show(what, *found) : http::failure(errc::not_found, what.request_id);
}

}  // namespace

void add_page_routes(http::router& routes) {
  routes.add({verb::get, "/dashboard", access::anyone,
              [](request& what) -> awaitable<reply> { co_return find(what, "index.html"); }});
  routes.add({verb::get, "/dashboard/:file", access::anyone,
              [](request& what) -> awaitable<reply> { co_return find(what, what.path_value("file")); }});
}

}  // namespace bookings::ops

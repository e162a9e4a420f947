#include "server/ops/openapi.hpp"
#include "server/ops/openapi_files.hpp"

#include <algorithm>
#include <string_view>

namespace bookings::ops {
namespace {

using boost::asio::awaitable;
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

reply find(const request& what, std::string_view name) {
  const auto files = openapi_files();
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const openapi_file& each) { return each.name == name; });
  // A new version of the program brings new ones.
  if (found != files.end()) return show(what, *found, "no-cache", name == page ? page_policy : "");
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

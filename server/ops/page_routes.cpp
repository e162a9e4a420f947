#include "server/ops/page_routes.hpp"

#include "server/ops/page_assets.hpp"

#include <algorithm>
#include <string_view>

namespace bookings::ops {
namespace {

using boost::asio::awaitable;
using boost::beast::http::verb;
using http::access;
using http::reply;
using http::request;

// The page loads its own script and style, and calls its own server: nothing else, from nowhere else. Nothing inline
// runs.
constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

reply find(const request& what, std::string_view name) {
  const auto files = page_assets();
  if (files.empty())
    return http::failure(errc::not_found, what.request_id,
                         {{"dashboard", "this server was built without it: that needs Node.js 18 or newer, and npm"}});
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const page_asset& each) { return each.name == name; });
  if (found == files.end()) return http::failure(errc::not_found, what.request_id);
  // A file whose name has its hash never changes; the page, which names them, is asked for each time.
  if (found->name == "index.html") return show(what, *found, "no-cache", policy);
  return show(what, *found, "public, max-age=31536000, immutable", "");
}

}  // namespace

void add_page_routes(http::router& routes) {
  routes.add({verb::get, "/dashboard", access::anyone,
              [](request& what) -> awaitable<reply> { co_return find(what, "index.html"); }});
  routes.add({verb::get, "/dashboard/:file", access::anyone,
              [](request& what) -> awaitable<reply> { co_return find(what, what.path_value("file")); }});
}

}  // namespace bookings::ops

#include "server/api/trail_routes.hpp"

#include "server/api/optional_text.hpp"
#include "server/http/query.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace bookings::api {
namespace {

using boost::asio::awaitable;
using boost::beast::http::verb;
using http::access;
using http::reply;
using http::request;

boost::json::object to_json(const trail_entry& entry) {
  const auto& what = entry.what;
  return {{"id", entry.id},
          {"at", format_time(entry.at)},
          {"actor", what.actor},
          {"action", to_text(what.action)},
          {"subject", {{"kind", to_text(what.subject)}, {"id", what.subject_id}}},
          {"reason", text_or_null(what.reason)}};
}

awaitable<reply> list(async_store& stores, request& what) {
  http::query_reader query(what);
  const auto wanted = query.page();
  if (auto failed = query.failure()) co_return *failed;
  const auto found = co_await stores.read("list_trail", [&](store& s) { return s.list_trail(wanted); });
  if (!found) co_return http::failure(found.error(), what.request_id);
  boost::json::array rows;
  for (const auto& row : found->rows) rows.push_back(to_json(row));
  co_return http::success_list(std::move(rows), found->total, wanted);
}

}  // namespace

void add_trail_routes(http::router& routes, async_store& stores) {
  routes.add({verb::get, "/api/trail", access::admin, [&stores](request& r) { return list(stores, r); }});
}

}  // namespace bookings::api

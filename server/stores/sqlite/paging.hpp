// A page of a list: its total and its rows, by the texts of a list_sql.
#pragma once

#include "server/domain/page.hpp"
#include "server/stores/sqlite/connection.hpp"
#include "server/stores/sqlite/list_queries.hpp"

#include <algorithm>

namespace bookings::sqlite {

// `bind` binds what both texts have in common; `read` makes a value of a row. REQUIRES: a transaction is open, so that
// total and rows are of one snapshot.
template <class Row, class Bind, class Read>
page<Row> read_page(connection& on, const list_sql& sql, const page_request& wanted, Bind bind, Read read) {
  page<Row> answer;
  auto count = on.use(sql.total);
  bind(count);
  if (count.step()) answer.total = count.number(0);

  // Negative numbers would mean "all" to SQLite.
  const std::int64_t limit = std::clamp(wanted.limit, 1, largest_page_limit);
  const std::int64_t offset = (std::max(wanted.number, 1) - std::int64_t{1}) * limit;
  if (offset >= answer.total) return answer;
  auto rows = on.use(offset == 0 ? sql.first : sql.further);
  bind(rows);
  rows.bind(limit);
  if (offset > 0) rows.bind(offset);
  while (rows.step()) answer.rows.push_back(read(rows));
  return answer;
}

}  // namespace bookings::sqlite

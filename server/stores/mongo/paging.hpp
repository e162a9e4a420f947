// A page of a list: its rows in their order, and how many there are in all.
#pragma once

#include "server/domain/page.hpp"
#include "server/stores/failure_log.hpp"
#include "server/stores/mongo/link.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace bookings::mongo {

// Those that can be read. Each other one is told of in the log: a list goes on without it.
template <class Read>
std::vector<document> readable(const std::vector<document>& rows, Read read) {
  std::vector<document> good;
  for (const auto& each : rows) {
    try {
      (void)read(each);
      good.push_back(each);
    } catch (const bad_document& error) {
      log_store_failure("list", error.what());
    }
  }
  return good;
}

// `join` makes the rows' values of their documents, as `read` does of one without what it shows of others. One command
// for the rows, one more for the total where the page is full or beyond the end (else the rows tell it), and those of
// `join`. Documents that cannot be read are left out; the total counts them.
template <class Row, class Read>
page<Row> read_page(link& on, const char* collection, const document& filter, const document& sort,
                    const page_request& wanted, Read read, std::vector<Row> (*join)(link&, const std::vector<document>&)) {
  const std::int64_t limit = std::clamp(wanted.limit, 1, largest_page_limit);
  const std::int64_t offset = (std::max(wanted.number, 1) - std::int64_t{1}) * limit;
  page<Row> answer;
  if (offset > std::numeric_limits<std::int32_t>::max()) {  // no list is so long, and a server may not take the number
    answer.total = on.count(collection, filter);
    return answer;
  }
  const auto rows = on.find(collection, filter, {.sort = sort, .skip = offset, .limit = limit});
  const auto count = static_cast<std::int64_t>(rows.size());
  if (count < limit && (count > 0 || offset == 0))
    answer.total = offset + count;
  else
    answer.total = std::max(on.count(collection, filter), count > 0 ? offset + count : 0);
  try {
    answer.rows = join(on, rows);
  } catch (const bad_document&) {
    answer.rows = join(on, readable(rows, read));
  }
  return answer;
}

}  // namespace bookings::mongo

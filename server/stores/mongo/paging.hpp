// A page of a list: its rows in their order, and how many there are in all.
#pragma once

#include "server/domain/page.hpp"
#include "server/stores/failure_log.hpp"
#include "server/stores/mongo/joins.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace bookings::mongo {

// One command for the rows with what they show of others, where the server knows $lookup, else one for the rows and one for
// each collection that they refer to; and one more for the total where the page is full or beyond the end (else the rows
// tell it). A document that cannot be read is told of in the log, and the list goes on without it; the total counts it.
template <class View>
page<View> read_page(link& on, const char* collection, const document& filter, const document& sort, const page_request& wanted,
                     const view_kind<View>& kind) {
  const std::int64_t limit = std::clamp(wanted.limit, 1, largest_page_limit);
  const std::int64_t offset = (std::max(wanted.number, 1) - std::int64_t{1}) * limit;
  page<View> answer;
  if (offset > std::numeric_limits<std::int32_t>::max()) {  // no list is so long, and a server may not take the number
    answer.total = on.count(collection, filter);
    return answer;
  }
  const auto rows = find_joined(on, collection, filter, {.sort = sort, .skip = offset, .limit = limit}, kind.shows);
  const auto count = static_cast<std::int64_t>(rows.size());
  if (count < limit && (count > 0 || offset == 0))
    answer.total = offset + count;
  else
    answer.total = std::max(on.count(collection, filter), count > 0 ? offset + count : 0);
  for (const auto& each : rows) {
    try {
      answer.rows.push_back(kind.read(each));
    } catch (const bad_document& error) {
      log_store_failure("list", error.what());
    }
  }
  return answer;
}

}  // namespace bookings::mongo

// Rows together with the documents that they refer to, for what views show of them.
#pragma once

#include "server/stores/mongo/link.hpp"

#include <vector>

namespace bookings::mongo {

// How rows of one kind are shown: what they refer to, and the view that a row and those documents make. `read` throws
// bad_document; a document that is gone is empty, and leaves a gap.
template <class View>
struct view_kind {
  std::vector<reference> shows;
  View (*read)(const joined&);
};

// Of rows that are there already: one query for each collection that they refer to, never one for a row.
std::vector<joined> join(link& on, std::vector<document> rows, const std::vector<reference>& shows);

// As find(), in one command where the server knows $lookup; else as join().
std::vector<joined> find_joined(link& on, const char* collection, const document& filter, const find_options& options,
                                const std::vector<reference>& shows);

template <class View>
std::vector<View> views_of(link& on, std::vector<document> rows, const view_kind<View>& kind) {
  std::vector<View> views;
  for (const auto& each : join(on, std::move(rows), kind.shows)) views.push_back(kind.read(each));
  return views;
}

template <class View>
View view_of(link& on, const document& row, const view_kind<View>& kind) {
  return kind.read(join(on, {row}, kind.shows).front());
}

}  // namespace bookings::mongo

// All of one store into another one that is empty, and the proof that it is all.
//
// Both are walked in the order of their keys, some rows at a time, so memory does not grow with the data. A row that the
// target lacks is added, one that differs is made the same, one that the source lacks is removed: a copy that was
// interrupted or killed goes on by being run again, and so does one whose source was written to. Then everything is read
// again from both and must be the same; only then does the target become a store.
#pragma once

#include "server/stores/bulk.hpp"

#include <chrono>
#include <functional>

namespace bookings {

struct copy_progress {
  enum class step { copying, checking } doing = step::copying;
  record_kind kind = record_kind::users;
  std::int64_t part = 0, whole = 0;  // rows of the source
};

struct copy_options {
  std::size_t rows_at_once = 500;
  // For how long the source is watched before anything is copied. A server that uses a cache shows within a quarter of a
  // second, at each renewal of its lease.
  std::chrono::milliseconds watch{1000};
  // Called after each some of rows; false ends the copy. May be empty.
  std::function<bool(const copy_progress&)> progress = {};
};

struct copied_kind {
  record_kind kind = record_kind::users;
  std::int64_t rows = 0;     // counted in both
  std::int64_t written = 0;  // by this run: the rest was there from one before
};

// In the order of record_kinds. Throws std::runtime_error that says what and what to do: where a server uses the source,
// or it was written to meanwhile (the target stays unfinished, and another run goes on with it), where a row cannot be
// written, where progress ended it.
std::vector<copied_kind> copy_store(bulk_source& from, bulk_target& to, const copy_options& options = {});

}  // namespace bookings

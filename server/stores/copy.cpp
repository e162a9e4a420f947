#include "server/stores/copy.hpp"

#include <algorithm>
#include <stdexcept>
#include <thread>
#include <utility>

namespace bookings {
namespace {

// What the target has to be told about some rows: all whose keys are greater than `after` and at most `up_to`.
struct difference {
  std::vector<record> missing, changed;  // as the source has them
  std::vector<std::string> extra;        // keys
  std::int64_t rows = 0;                 // of the source
  std::string up_to;
  bool is_last = false;

  bool is_none() const { return missing.empty() && changed.empty() && extra.empty(); }
  // The least key that is not the same in both.
  std::string first() const {
    std::vector<std::string> keys;
    if (!missing.empty()) keys.push_back(missing.front().key);
    if (!changed.empty()) keys.push_back(changed.front().key);
    if (!extra.empty()) keys.push_back(extra.front());
    return *std::min_element(keys.begin(), keys.end());
  }
};

// Both lists stand in the order of their keys, and are whole up to `found.up_to`.
void compare(std::vector<record> wanted, const std::vector<record>& there, difference& found) {
  const auto is_beyond = [&](const record& row) { return !found.is_last && row.key > found.up_to; };
  auto at = there.begin();
  const auto take_extra = [&](const std::string* before) {
    for (; at != there.end() && !is_beyond(*at) && (before == nullptr || at->key < *before); ++at) found.extra.push_back(at->key);
  };
  for (auto& row : wanted) {
    if (is_beyond(row)) break;
    ++found.rows;
    take_extra(&row.key);
    if (at == there.end() || at->key != row.key) {
      found.missing.push_back(std::move(row));
    } else {
      if (!(*at == row)) found.changed.push_back(std::move(row));
      ++at;
    }
  }
  take_extra(nullptr);
}

difference look(bulk_reader& from, bulk_reader& to, record_kind kind, const std::string& after, std::size_t limit) {
  auto wanted = from.read(kind, after, limit);
  const auto there = to.read(kind, after, limit);
  difference found;
  // A list that was cut at the limit says nothing of what is beyond its last row.
  const bool is_wanted_cut = wanted.size() >= limit, is_there_cut = there.size() >= limit;
  found.is_last = !is_wanted_cut && !is_there_cut;
  if (is_wanted_cut) found.up_to = wanted.back().key;
  if (is_there_cut && (!is_wanted_cut || there.back().key < found.up_to)) found.up_to = there.back().key;
  compare(std::move(wanted), there, found);
  return found;
}

class copier {
 public:
  copier(bulk_source& from, bulk_target& to, const copy_options& options) : from_(from), to_(to), options_(options) {}

  std::vector<copied_kind> run() {
    const auto before = watch();
    std::vector<copied_kind> all;
    for (const auto kind : record_kinds) all.push_back(copy(kind));
    for (auto& each : all) check(each);
    if (from_.activity() != before) written_to("");
    to_.finish();
    return all;
  }

 private:
  std::string watch() {
    const auto before = from_.activity();
    std::this_thread::sleep_for(options_.watch);
    if (from_.activity() != before)
      throw std::runtime_error("a server uses the source: stop all of its servers, and run this again");
    return before;
  }

  template <class Act>
  void walk(copy_progress progress, Act act) {
    progress.whole = from_.count(progress.kind);
    std::string after;
    for (bool is_last = false; !is_last;) {
      const auto found = look(from_, to_, progress.kind, after, options_.rows_at_once);
      act(found);
      progress.part += found.rows;
      after = found.up_to;
      is_last = found.is_last;
      progress.whole = is_last ? progress.part : std::max(progress.whole, progress.part);
      if (options_.progress && !options_.progress(progress))
        throw std::runtime_error("it was interrupted: run it again, and it goes on from here");
    }
  }

  copied_kind copy(record_kind kind) {
    copied_kind done{kind};
    walk({copy_progress::step::copying, kind}, [&](const difference& found) {
      // What goes first makes room: a kept reply may come back under the same name.
      if (!found.extra.empty()) to_.remove(kind, found.extra);
      if (!found.changed.empty()) to_.correct(kind, found.changed);
      if (!found.missing.empty()) to_.add(kind, found.missing);
      done.written += static_cast<std::int64_t>(found.missing.size() + found.changed.size());
    });
    return done;
  }

  void check(copied_kind& done) {
    walk({copy_progress::step::checking, done.kind}, [&](const difference& found) {
      if (!found.is_none()) written_to(": the " + std::string(to_text(done.kind)) + " are not the same, first at \"" + found.first() + "\"");
      done.rows += found.rows;
    });
    if (from_.count(done.kind) != done.rows || to_.count(done.kind) != done.rows)
      written_to(": the numbers of " + std::string(to_text(done.kind)) + " are not the same");
  }

  [[noreturn]] static void written_to(const std::string& how) {
    throw std::runtime_error("somebody wrote to one of the stores while they were copied" + how +
                             ". Stop all servers, and run this again: it goes on from here");
  }

  bulk_source& from_;
  bulk_target& to_;
  const copy_options& options_;
};

}  // namespace

std::vector<copied_kind> copy_store(bulk_source& from, bulk_target& to, const copy_options& options) {
  return copier(from, to, options).run();
}

}  // namespace bookings

#include "server/stores/mongo/joins.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace bookings::mongo {
namespace {

// Empty where the row has no id there: what reads the row says so.
bookings::id referred(const document& row, const char* member) {
  try {
    return row.has(member) ? row.reference(member) : bookings::id();
  } catch (const bad_document&) {
    return {};
  }
}

using by_id = std::map<bookings::id, document>;

// Of one collection, all that is missing yet.
by_id look_up(link& on, const char* collection, const std::vector<joined>& rows, const std::vector<reference>& shows) {
  std::set<bookings::id> wanted;
  document fields;
  std::set<std::string_view> named;
  for (std::size_t i = 0; i < shows.size(); ++i) {
    if (std::string_view(shows[i].collection) != collection) continue;
    for (const auto* each : shows[i].shown)
      if (named.insert(each).second) fields.add(each, 1);
    for (const auto& row : rows)
      if (row.its[i].is_empty()) wanted.insert(referred(row.row, shows[i].member));
  }
  wanted.erase(bookings::id());
  by_id found;
  if (wanted.empty()) return found;
  const std::vector<bookings::id> ids(wanted.begin(), wanted.end());
  for (auto& each : on.find(collection, make("_id", make("$in", refs(ids))), {.fields = fields})) {
    auto its_id = each.reference("_id");
    found.emplace(std::move(its_id), std::move(each));
  }
  return found;
}

void complete(link& on, std::vector<joined>& rows, const std::vector<reference>& shows) {
  std::map<std::string_view, by_id> found;
  for (const auto& each : shows)
    if (!found.contains(each.collection)) found.emplace(each.collection, look_up(on, each.collection, rows, shows));
  for (auto& row : rows) {
    for (std::size_t i = 0; i < shows.size(); ++i) {
      const auto& all = found[shows[i].collection];
      if (all.empty() || !row.its[i].is_empty()) continue;
      if (const auto at = all.find(referred(row.row, shows[i].member)); at != all.end()) row.its[i] = at->second;
    }
  }
}

}  // namespace

std::vector<joined> join(link& on, std::vector<document> rows, const std::vector<reference>& shows) {
  std::vector<joined> all;
  for (auto& each : rows) all.push_back({std::move(each), std::vector<document>(shows.size())});
  complete(on, all, shows);
  return all;
}

std::vector<joined> find_joined(link& on, const char* collection, const document& filter, const find_options& options,
                                const std::vector<reference>& shows) {
  if (shows.empty() || !on.has_lookup()) return join(on, on.find(collection, filter, options), shows);
  auto all = on.find_with_lookup(collection, filter, options, shows);
  // Seldom: documents that are gone, and ids that a database has as text, which $lookup takes for no id.
  complete(on, all, shows);
  return all;
}

}  // namespace bookings::mongo

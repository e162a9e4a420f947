#include "server/stores/mongo/names.hpp"

#include "server/stores/mongo/link.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>

namespace bookings::mongo {
namespace {

constexpr std::int64_t looked_at = 20;  // documents of a collection, the newest

bool is_operator(std::string_view name) { return name.starts_with('$'); }

// The documents in a value, which is one or an array of them; none in any other.
std::vector<document> documents_in(const document& of, const bson_iter_t& at) {
  if (BSON_ITER_HOLDS_DOCUMENT(&at)) return {of.child(bson_iter_key(&at))};
  bson_iter_t first;
  const bool has_documents = BSON_ITER_HOLDS_ARRAY(&at) && bson_iter_recurse(&at, &first) && bson_iter_next(&first) &&
                             BSON_ITER_HOLDS_DOCUMENT(&first);
  return has_documents ? of.children(bson_iter_key(&at)) : std::vector<document>();
}

// Calls `act(name, iterator)` for each member.
template <class Act>
void for_each_member(const document& of, Act act) {
  bson_iter_t at;
  bson_iter_init(&at, of.get());
  while (bson_iter_next(&at)) act(std::string_view(bson_iter_key(&at)), at);
}

// Puts what became of the documents in a value in their place.
void add_changed(document& to, std::string_view name, const bson_iter_t& at, std::vector<document> changed) {
  if (changed.empty())
    to.add_value(name, at);
  else if (BSON_ITER_HOLDS_ARRAY(&at))
    to.add(name, changed);
  else
    to.add(name, changed.front());
}

}  // namespace

collection_names::collection_names(std::string collection, name_pairs to_stored)
    : collection_(std::move(collection)), to_stored_(std::move(to_stored)) {
  std::erase_if(to_stored_, [](const auto& each) { return each.first == each.second; });
  for (const auto& [ours, theirs] : to_stored_) to_ours_.emplace(theirs, ours);
}

std::string_view collection_names::stored(std::string_view member) const {
  const auto at = to_stored_.find(member);
  return at == to_stored_.end() ? member : std::string_view(at->second);
}

document collection_names::to_stored(const document& what) const {
  if (to_stored_.empty()) return what;
  document renamed;
  for_each_member(what, [&](std::string_view name, const bson_iter_t& at) {
    if (!is_operator(name)) return renamed.add_value(stored(name), at);
    auto inner = documents_in(what, at);
    for (auto& each : inner) each = to_stored(each);
    add_changed(renamed, name, at, std::move(inner));
  });
  return renamed;
}

document collection_names::to_stored_stage(const document& stage) const {
  if (to_stored_.empty()) return stage;
  return stage.has("$match") || stage.has("$sort") ? to_stored(stage) : with_paths(stage);
}

document collection_names::with_paths(const document& what) const {
  document renamed;
  for_each_member(what, [&](std::string_view name, const bson_iter_t& at) {
    if (BSON_ITER_HOLDS_UTF8(&at)) {
      const std::string_view text = bson_iter_utf8(&at, nullptr);
      if (is_operator(text)) return renamed.add(name, "$" + std::string(stored(text.substr(1))));
    }
    auto inner = documents_in(what, at);
    for (auto& each : inner) each = with_paths(each);
    add_changed(renamed, name, at, std::move(inner));
  });
  return renamed;
}

document collection_names::to_ours(document found) const {
  if (!to_stored_.empty()) {
    document renamed;
    for_each_member(found, [&](std::string_view name, const bson_iter_t& at) {
      const auto ours = to_ours_.find(name);
      if (ours != to_ours_.end())
        renamed.add_value(ours->second, at);
      else if (!to_stored_.contains(name))
        renamed.add_value(name, at);
    });
    found = std::move(renamed);
  }
  found.is_from(*this);
  return found;
}

names::names(const name_map& map) {
  for (const auto& each : known_collections()) {
    const auto renamed = map.collections.find(each.name);
    const auto members = map.members.find(each.name);
    all_.emplace_back(each.name, collection_names(renamed == map.collections.end() ? std::string(each.name) : renamed->second,
                                                  members == map.members.end() ? name_pairs() : members->second));
  }
}

const collection_names* names::of(std::string_view collection) const noexcept {
  for (const auto& [ours, its] : all_)
    if (ours == collection) return &its;
  return nullptr;
}

std::string_view names::collection(std::string_view ours) const noexcept {
  const auto* its = of(ours);
  return its == nullptr ? ours : std::string_view(its->collection());
}

std::string_view names::member(std::string_view collection, std::string_view ours) const {
  const auto* its = of(collection);
  return its == nullptr ? ours : its->stored(ours);
}

namespace {

struct sighting {
  bool plain = false, with_id = false;
};

std::string with_id(std::string_view reference) { return std::string(reference) + "Id"; }

sighting look_at(const std::vector<document>& documents, std::string_view reference) {
  sighting seen;
  for (const auto& each : documents) {
    if (each.has(std::string(reference).c_str())) seen.plain = true;
    else if (each.has(with_id(reference).c_str())) seen.with_id = true;
  }
  return seen;
}

// References that nobody has named, by how they are called; the third are those that no document has.
struct survey {
  std::vector<std::string_view> plain, with_id, unseen;
};

survey look_at(const known_collection& where, const std::vector<document>& documents, const name_map& configured) {
  const auto given = configured.members.find(where.name);
  survey seen;
  for (const auto reference : where.references) {
    if (given != configured.members.end() && given->second.contains(reference)) continue;
    const auto is = look_at(documents, reference);
    if (is.plain && is.with_id)
      throw std::runtime_error("some documents of \"" + std::string(where.name) + "\" have \"" + std::string(reference) +
                               "\" and others \"" + with_id(reference) + "\": say in MONGO_FIELDS which it is, such as " +
                               std::string(where.name) + "." + std::string(reference) + "=" + with_id(reference));
    (is.plain ? seen.plain : is.with_id ? seen.with_id : seen.unseen).push_back(reference);
  }
  return seen;
}

}  // namespace

name_map look_at_references(link& on, const name_map& configured) {
  std::vector<std::pair<std::string_view, survey>> all;
  bool any_plain = false, any_with_id = false;
  for (const auto& each : known_collections()) {
    if (each.references.empty()) continue;
    const auto renamed = configured.collections.find(each.name);
    const std::string collection = renamed == configured.collections.end() ? std::string(each.name) : renamed->second;
    const auto newest = on.find(collection.c_str(), {}, {.sort = make("_id", -1), .limit = looked_at});
    all.emplace_back(each.name, look_at(each, newest, configured));
    any_plain |= !all.back().second.plain.empty();
    any_with_id |= !all.back().second.with_id.empty();
  }
  name_map settled = configured;
  for (const auto& [collection, seen] : all) {
    const bool is_empty = seen.plain.empty() && seen.with_id.empty();
    const bool rest_has_id = is_empty ? any_with_id && !any_plain : seen.plain.empty();
    auto named = seen.with_id;
    if (rest_has_id) named.insert(named.end(), seen.unseen.begin(), seen.unseen.end());
    for (const auto reference : named) settled.members[std::string(collection)].emplace(reference, with_id(reference));
    if (!seen.with_id.empty())
      spdlog::info("[Store] The references in \"{}\" are called as \"{}\"", collection, with_id(seen.with_id.front()));
  }
  return settled;
}

}  // namespace bookings::mongo

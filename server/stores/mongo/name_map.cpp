#include "server/stores/mongo/name_map.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace bookings::mongo {
namespace {

using pair = std::pair<std::string_view, std::string_view>;

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Without dots and dollars, which mean something to MongoDB.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && is_letter(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

const known_collection* find(std::string_view collection) {
  for (const auto& each : known_collections())
    if (each.name == collection) return &each;
  return nullptr;
}

bool has(const known_collection& where, std::string_view member) {
  return std::ranges::count(where.references, member) + std::ranges::count(where.members, member) > 0;
}

// "a=b,c=d"; absent where it is not that.
std::optional<std::vector<pair>> split(std::string_view text) {
  std::vector<pair> all;
  for (;;) {
    const auto comma = text.find(',');
    const auto one = text.substr(0, comma);
    const auto equals = one.find('=');
    if (equals == std::string_view::npos) return {};
    all.emplace_back(trim(one.substr(0, equals)), trim(one.substr(equals + 1)));
    if (comma == std::string_view::npos) return all;
    text.remove_prefix(comma + 1);
  }
}

// Two of ours under one name would overwrite each other, also where one of them keeps its own.
template <class Names>
std::optional<std::string> find_clash(const Names& ours, const name_pairs& renamed) {
  std::set<std::string_view> taken;
  for (const auto& each : ours) {
    const auto at = renamed.find(each);
    const std::string_view name = at == renamed.end() ? std::string_view(each) : at->second;
    if (!taken.insert(name).second) return "gives two of its names to " + quoted(name);
  }
  return {};
}

}  // namespace

std::span<const known_collection> known_collections() {
  static const std::array<known_collection, 5> all{{
      {"users", {}, {"email", "name", "role", "password", "bio", "phone", "address", "city", "postcode", "country",
                     "tokenVersion", "state", "createdAt", "rev"}},
      {"gigs", {"teacher"}, {"title", "subject", "description", "price", "deletedAt", "createdAt", "updatedAt", "rev"}},
      {"bookings", {"student", "teacher", "gig"}, {"status", "paymentStatus", "scheduledAt", "durationMinutes", "note",
                                                   "price", "createdAt", "updatedAt", "rev"}},
      {"reviews", {"booking", "gig", "student", "teacher"}, {"rating", "comment", "createdAt", "rev"}},
      {"manualpayments", {"booking", "student"}, {"method", "transactionId", "amount", "status", "decidedBy",
                                                  "decidedAt", "reason", "createdAt", "rev"}},
  }};
  return all;
}

std::optional<std::string> read_collection_names(std::string_view text, name_map& into) {
  const auto pairs = split(text);
  if (!pairs) return "is no list of name=name";
  for (const auto& [ours, theirs] : *pairs) {
    if (find(ours) == nullptr) return "names the unknown collection " + quoted(ours);
    if (!is_name(theirs) || theirs.starts_with("reprise_") || theirs.starts_with("system"))
      return "calls " + quoted(ours) + " by what is no name of a collection";
    if (!into.collections.emplace(ours, theirs).second) return "names " + quoted(ours) + " twice";
  }
  std::vector<std::string_view> all;
  for (const auto& each : known_collections()) all.push_back(each.name);
  return find_clash(all, into.collections);
}

std::optional<std::string> read_member_names(std::string_view text, name_map& into) {
  const auto pairs = split(text);
  if (!pairs) return "is no list of collection.field=name";
  for (const auto& [ours, theirs] : *pairs) {
    const auto dot = std::min(ours.find('.'), ours.size());
    const auto* where = find(ours.substr(0, dot));
    if (where == nullptr || dot == ours.size() || !has(*where, ours.substr(dot + 1)))
      return "names the unknown field " + quoted(ours);
    if (!is_name(theirs) || theirs == "_id" || theirs == "__v")
      return "calls " + quoted(ours) + " by what is no name of a field";
    if (!into.members[std::string(where->name)].emplace(ours.substr(dot + 1), theirs).second)
      return "names " + quoted(ours) + " twice";
  }
  for (const auto& each : known_collections()) {
    auto ours = each.members;
    ours.insert(ours.end(), each.references.begin(), each.references.end());
    const auto renamed = into.members.find(each.name);
    if (renamed == into.members.end()) continue;
    if (auto clash = find_clash(ours, renamed->second)) return *clash + " in " + quoted(each.name);
  }
  return {};
}

}  // namespace bookings::mongo

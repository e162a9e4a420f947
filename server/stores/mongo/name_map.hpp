// What another program calls what we store, as MONGO_COLLECTIONS and MONGO_FIELDS say it. Here it is read and checked;
// names.hpp applies it.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bookings::mongo {

using name_pairs = std::map<std::string, std::string, std::less<>>;  // ours -> the database's

struct name_map {
  name_pairs collections;                                   // "bookings" -> "lessons"
  std::map<std::string, name_pairs, std::less<>> members;  // by our collection: "student" -> "studentId"
};

// What may be given other names: the collections that an Express app has as well, and their members. References are to
// one other document, and such apps call them in one of two ways: `student`, `studentId`.
struct known_collection {
  std::string_view name;
  std::vector<std::string_view> references, members;
};
std::span<const known_collection> known_collections();

// "bookings=lessons,users=people" and "bookings.student=studentId,users.password=hash" into the map. What is wrong with
// the text, in words that follow it; absent where all is well.
std::optional<std::string> read_collection_names(std::string_view text, name_map& into);
std::optional<std::string> read_member_names(std::string_view text, name_map& into);

}  // namespace bookings::mongo

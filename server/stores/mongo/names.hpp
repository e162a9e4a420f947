// The database's names in the place of ours, and back. The store speaks of "bookings" and "student" everywhere; `link`
// translates what it sends and what it gets, so that no other file knows that a database may call them differently.
#pragma once

#include "server/stores/mongo/document.hpp"
#include "server/stores/mongo/name_map.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bookings::mongo {

class link;

// Of one collection. Immutable.
class collection_names {
 public:
  collection_names(std::string collection, name_pairs to_stored);

  const std::string& collection() const noexcept { return collection_; }  // the database's
  std::string_view stored(std::string_view member) const;

  // What is sent: a document, a filter, an order, a selection of members, an update. Names are those of the first level
  // and behind operators ("$or", "$set"); values stay as they are.
  document to_stored(const document& what) const;
  // A stage of an aggregation: as above, and also paths ("$rating").
  document to_stored_stage(const document& stage) const;
  // What was read. It remembers where it is from, for what is told of a bad one; a member that has the name which ours
  // gave up for another is not ours, and is left out.
  document to_ours(document found) const;

 private:
  document with_paths(const document& what) const;

  std::string collection_;
  name_pairs to_stored_, to_ours_;
};

// Of all. Immutable; an empty map stands for our own names, which are those that an Express app with Mongoose usually has.
class names {
 public:
  explicit names(const name_map& map = {});

  // Null for a collection that only this program knows: its names are as they are.
  const collection_names* of(std::string_view collection) const noexcept;
  std::string_view collection(std::string_view ours) const noexcept;
  std::string_view member(std::string_view collection, std::string_view ours) const;

 private:
  std::vector<std::pair<std::string_view, collection_names>> all_;
};

// What was configured, and for references that it does not name the way that the newest documents have: `studentId`
// where they have no `student`. A collection without documents goes by the others, or has our own names. Throws
// std::runtime_error where documents of one collection disagree: MONGO_FIELDS must say it then.
name_map look_at_references(link& on, const name_map& configured);

}  // namespace bookings::mongo

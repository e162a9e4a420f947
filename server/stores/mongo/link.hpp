// The commands of one call of the store: on one connection, in one causal session, so that each sees what those before
// it did. Writes are acknowledged by a majority and carry a deadline that the server checks; reads see what a majority
// has.
#pragma once

#include "server/stores/mongo/cluster.hpp"
#include "server/stores/mongo/document.hpp"
#include "server/stores/mongo/failure.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bookings::mongo {

struct find_options {
  document sort = {};
  std::int64_t skip = 0, limit = 0;  // 0: all
  document fields = {};              // empty: all
};

// What a row refers to and shows: the member with the other's id, where that one is, and which of its members are shown.
struct reference {
  const char* member;
  const char* collection;
  std::vector<const char*> shown;
};
// A row and what it refers to, in the order of its references; one that is not there is empty.
struct joined {
  document row;
  std::vector<document> its;
};

// Not thread-safe. Everything throws failure. Collections and their members have our names here, whatever the database's
// are (names.hpp); only run() sends and returns what the database knows.
class link {
 public:
  explicit link(cluster& at);
  ~link();
  link(const link&) = delete;

  std::vector<document> find(const char* collection, const document& filter, const find_options& options = {});
  // The same, with what the rows refer to, in one command. REQUIRES: has_lookup().
  bool has_lookup() const noexcept { return at_.has_lookup(); }
  std::vector<joined> find_with_lookup(const char* collection, const document& filter, const find_options& options,
                                       const std::vector<reference>& references);
  std::optional<document> find_one(const char* collection, const document& filter, const find_options& options = {});
  std::int64_t count(const char* collection, const document& filter);
  // The ids that a member has among the documents. What is no id refers to nothing, and is left out.
  std::vector<bookings::id> distinct(const char* collection, const char* member, const document& filter);
  std::vector<document> aggregate(const char* collection, const std::vector<document>& stages);

  void insert(const char* collection, const document& what);
  // In their order; returns how many were inserted before one that is there already.
  std::size_t insert_until_duplicate(const char* collection, const std::vector<document>& all);
  // Those that are there already are left as they are.
  void insert_missing(const char* collection, const std::vector<document>& all);

  struct change {
    document filter, update;  // {"$set": …}
    enum class scope { one, all } of = scope::one;
    enum class when_missing { nothing, insert } otherwise = when_missing::nothing;
  };
  // In their order; returns how many documents matched, those inserted counted too.
  std::int64_t update(const char* collection, const std::vector<change>& changes);
  std::int64_t update(const char* collection, const change& one);
  // Changes one document, made where there is none, and returns it as it is afterwards.
  document update_and_get(const char* collection, const document& filter, const document& update);
  // Returns how many there were.
  std::int64_t remove(const char* collection, const document& filter);

  // A command as it is, for what has no function here: not every command takes a read or a write concern.
  document run(const document& command);

  const mongo::names& names() const noexcept { return at_.names(); }
  std::int64_t now() { return at_.now(); }
  // Called once before the first read of a call: where several servers may be primaries, writes, so that what is read
  // afterwards includes all that a majority had acknowledged before (docs/consistency.md, the barrier).
  void catch_up();

 private:
  class bulk;
  enum class purpose { reading, writing };
  std::string_view stored(const char* collection) const noexcept { return names().collection(collection); }
  document to_stored(const char* collection, const document& what) const;
  document to_ours(const char* collection, document found) const;
  document options(purpose what) const;
  document send(const document& command, purpose what);

  cluster& at_;
  cluster::lease client_;
  mongoc_client_session_t* session_ = nullptr;
};

}  // namespace bookings::mongo

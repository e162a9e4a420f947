#include "server/stores/mongo/indexes.hpp"

#include "server/stores/mongo/collections.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace bookings::mongo {
namespace {

struct member {
  const char* name;
  int order;  // 1 or -1
};

struct index {
  const char* collection;
  const char* name;
  std::vector<member> key;
  bool is_unique = false;
};

// Each list has one for each of its orders, with and without its filter; each ends in the _id that breaks ties, so that
// a page is read in order and nothing is sorted. Oldest and newest share one, read both ways.
const std::vector<index>& wanted() {
  static const std::vector<index> all = {
      {users, "reprise_email", {{"email", 1}}, true},
      {users, "reprise_role", {{"role", 1}}},
      {gigs, "reprise_created", {{"deletedAt", 1}, {"createdAt", 1}, {"_id", 1}}},
      {gigs, "reprise_price", {{"deletedAt", 1}, {"price", 1}, {"_id", 1}}},
      {gigs, "reprise_subject_created", {{"subject", 1}, {"deletedAt", 1}, {"createdAt", 1}, {"_id", 1}}},
      {gigs, "reprise_subject_price", {{"subject", 1}, {"deletedAt", 1}, {"price", 1}, {"_id", 1}}},
      {gigs, "reprise_teacher_created", {{"teacher", 1}, {"deletedAt", 1}, {"createdAt", 1}, {"_id", 1}}},
      {gigs, "reprise_teacher_price", {{"teacher", 1}, {"deletedAt", 1}, {"price", 1}, {"_id", 1}}},
      {bookings_, "reprise_student_created", {{"student", 1}, {"createdAt", 1}, {"_id", 1}}},
      {bookings_, "reprise_student_scheduled", {{"student", 1}, {"scheduledAt", 1}, {"_id", 1}}},
      {bookings_, "reprise_student_status_created", {{"student", 1}, {"status", 1}, {"createdAt", 1}, {"_id", 1}}},
      {bookings_, "reprise_student_status_scheduled", {{"student", 1}, {"status", 1}, {"scheduledAt", 1}, {"_id", 1}}},
      {bookings_, "reprise_teacher_created", {{"teacher", 1}, {"createdAt", 1}, {"_id", 1}}},
      {bookings_, "reprise_teacher_scheduled", {{"teacher", 1}, {"scheduledAt", 1}, {"_id", 1}}},
      {bookings_, "reprise_teacher_status_created", {{"teacher", 1}, {"status", 1}, {"createdAt", 1}, {"_id", 1}}},
      {bookings_, "reprise_teacher_status_scheduled", {{"teacher", 1}, {"status", 1}, {"scheduledAt", 1}, {"_id", 1}}},
      {bookings_, "reprise_student_teacher", {{"student", 1}, {"teacher", 1}}},
      {bookings_, "reprise_teacher_student", {{"teacher", 1}, {"student", 1}}},
      {bookings_, "reprise_gig", {{"gig", 1}, {"student", 1}, {"teacher", 1}}},
      {reviews, "reprise_booking", {{"booking", 1}}, true},
      {reviews, "reprise_gig_created", {{"gig", 1}, {"createdAt", 1}, {"_id", 1}}},
      {reviews, "reprise_gig_rating", {{"gig", 1}, {"rating", 1}, {"createdAt", 1}, {"_id", 1}}},
      {reviews, "reprise_teacher_created", {{"teacher", 1}, {"createdAt", 1}, {"_id", 1}}},
      {reviews, "reprise_teacher_rating", {{"teacher", 1}, {"rating", 1}, {"createdAt", 1}, {"_id", 1}}},
      {reviews, "reprise_student", {{"student", 1}, {"gig", 1}, {"teacher", 1}}},
      {manual_payments, "reprise_created", {{"createdAt", 1}, {"_id", 1}}},
      {manual_payments, "reprise_status_created", {{"status", 1}, {"createdAt", 1}, {"_id", 1}}},
      {manual_payments, "reprise_student_created", {{"student", 1}, {"createdAt", 1}, {"_id", 1}}},
      {manual_payments, "reprise_student_status_created", {{"student", 1}, {"status", 1}, {"createdAt", 1}, {"_id", 1}}},
      {manual_payments, "reprise_transaction", {{"method", 1}, {"transactionId", 1}}},
      {gateway_payments, "reprise_due", {{"dueAt", 1}}},
      {gateway_payments, "reprise_created", {{"createdAt", 1}, {"_id", 1}}},
      {gateway_payments, "reprise_status_created", {{"status", 1}, {"createdAt", 1}, {"_id", 1}}},
      {gateway_payments, "reprise_student_status_created", {{"student", 1}, {"status", 1}, {"createdAt", 1}, {"_id", 1}}},
      {gateway_payments, "reprise_student_created", {{"student", 1}, {"createdAt", 1}, {"_id", 1}}},
      {trail, "reprise_number", {{"number", 1}}, true},
      {kept_replies, "reprise_at", {{"at", 1}}},
      {kept_replies, "reprise_user", {{"user", 1}}},
      {outbox, "reprise_waiting", {{"waiting", 1}, {"_id", 1}}},
      {intents, "reprise_state", {{"state", 1}, {"at", 1}}},
      {locks, "reprise_by", {{"by", 1}}},
  };
  return all;
}

// As the database names its members: "studentId:1 createdAt:1 _id:1"
std::string key_text(link& on, const index& of) {
  std::string text;
  for (const auto& each : of.key)
    text += std::string(on.names().member(of.collection, each.name)) + ":" + std::to_string(each.order) + " ";
  return text;
}

document specification(link& on, const index& of) {
  document key;
  for (const auto& each : of.key) key.add(on.names().member(of.collection, each.name), each.order);
  return make("key", key, "name", of.name, "unique", of.is_unique);
}

struct found_index {
  std::string name, key;  // as key_text() has it
  bool is_unique = false;
};

std::string key_text(const document& key) {
  std::string text;
  bson_iter_t at;
  bson_iter_init(&at, key.get());
  while (bson_iter_next(&at)) {
    // Another program may have given a direction as a double, and an index of another kind has a word.
    const bool is_number = BSON_ITER_HOLDS_NUMBER(&at);
    text += std::string(bson_iter_key(&at)) + ":" +
            (is_number ? std::to_string(static_cast<int>(bson_iter_as_double(&at))) : std::string("other")) + " ";
  }
  return text;
}

// Of a collection that is not there, none.
std::vector<found_index> indexes_of(link& on, const char* collection) {
  constexpr std::uint32_t namespace_not_found = 26;
  std::vector<found_index> all;
  try {
    const auto reply = on.run(make("listIndexes", on.names().collection(collection), "cursor", make("batchSize", 1000)));
    for (const auto& each : reply.child("cursor").children("firstBatch")) {
      // One that holds only a part of the documents serves none of our queries.
      if (each.has("partialFilterExpression") || each.has("sparse")) continue;
      all.push_back({each.text("name"), key_text(each.child("key")), each.has("unique") && each.flag("unique")});
    }
  } catch (const failure& error) {
    if (error.code() != namespace_not_found) throw;
  }
  return all;
}

// By its key and not by its name: an app's own index is as good, and a server refuses a second one like it.
bool is_there(link& on, const index& wanted_one, const std::vector<found_index>& all) {
  const auto key = key_text(on, wanted_one);
  return std::ranges::any_of(
      all, [&](const auto& each) { return each.key == key && (each.is_unique || !wanted_one.is_unique); });
}

// One of ours over other members, from before MONGO_FIELDS was changed.
void drop_namesake(link& on, const index& wanted_one, const std::vector<found_index>& all) {
  for (const auto& each : all)
    if (each.name == wanted_one.name)
      on.run(make("dropIndexes", on.names().collection(wanted_one.collection), "index", each.name));
}

std::string advice_for(const failure& error) {
  if (error.which() == failure::kind::duplicate)
    return ". Two documents have what only one may have: remove or change one of them";
  if (error.code() == not_authorized) return ". Give the user of STORE_URL the role readWrite on this database";
  return "";
}

// One command each: FerretDB 1 ends the connection where several that are there already are asked for once more, as
// processes that start at once do.
void create(link& on, const index& wanted_one) {
  try {
    on.run(make("createIndexes", on.names().collection(wanted_one.collection), "indexes",
                std::vector<document>(1, specification(on, wanted_one))));
  } catch (const failure& error) {
    if (error.which() == failure::kind::away) throw;
    throw std::runtime_error(std::string("the index \"") + wanted_one.name + "\" of \"" + wanted_one.collection +
                             "\" cannot be made: " + error.what() + advice_for(error));
  }
}

}  // namespace

std::vector<std::string> missing_indexes(link& on) {
  std::map<std::string, std::vector<found_index>> found;
  std::vector<std::string> missing;
  for (const auto& each : wanted()) {
    auto of = found.find(each.collection);
    if (of == found.end()) of = found.emplace(each.collection, indexes_of(on, each.collection)).first;
    if (!is_there(on, each, of->second)) missing.push_back(std::string(each.collection) + "." + each.name);
  }
  return missing;
}

void ensure_indexes(link& on) {
  std::map<std::string, std::vector<const index*>> by_collection;
  for (const auto& each : wanted()) by_collection[each.collection].push_back(&each);
  for (const auto& [collection, all] : by_collection) {
    const auto before = indexes_of(on, collection.c_str());
    bool is_complete = true;
    for (const auto* each : all) {
      if (is_there(on, *each, before)) continue;
      is_complete = false;
      drop_namesake(on, *each, before);
      create(on, *each);
    }
    if (is_complete) continue;
    const auto after = indexes_of(on, collection.c_str());
    for (const auto* each : all) {
      if (!is_there(on, *each, after))
        throw std::runtime_error(std::string("the index \"") + each->name + "\" of \"" + each->collection + "\" was made and is not there");
    }
  }
}

}  // namespace bookings::mongo

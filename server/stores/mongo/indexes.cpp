#include "server/stores/mongo/indexes.hpp"

#include "server/stores/mongo/collections.hpp"

#include <map>
#include <set>
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
      {trail, "reprise_number", {{"number", 1}}, true},
      {kept_replies, "reprise_at", {{"at", 1}}},
      {kept_replies, "reprise_user", {{"user", 1}}},
      {outbox, "reprise_waiting", {{"waiting", 1}, {"_id", 1}}},
      {intents, "reprise_state", {{"state", 1}, {"at", 1}}},
      {locks, "reprise_by", {{"by", 1}}},
  };
  return all;
}

document specification(const index& of) {
  document key;
  for (const auto& each : of.key) key.add(each.name, each.order);
  return make("key", key, "name", of.name, "unique", of.is_unique);
}

// Of a collection that is not there, none.
std::set<std::string> names_of_indexes(link& on, const char* collection) {
  constexpr std::uint32_t namespace_not_found = 26;
  std::set<std::string> names;
  try {
    const auto reply = on.run(make("listIndexes", collection, "cursor", make("batchSize", 1000)));
    for (const auto& each : reply.child("cursor").children("firstBatch")) names.insert(each.text("name"));
  } catch (const failure& error) {
    if (error.code() != namespace_not_found) throw;
  }
  return names;
}

std::string advice_for(const failure& error) {
  constexpr std::uint32_t not_authorized = 13;
  if (error.which() == failure::kind::duplicate)
    return ". Two documents have what only one may have: remove or change one of them";
  if (error.code() == not_authorized) return ". Give the user of STORE_URL the role readWrite on this database";
  return "";
}

// One command each: FerretDB 1 ends the connection where several that are there already are asked for once more, as
// processes that start at once do.
void create(link& on, const index& wanted_one) {
  try {
    on.run(make("createIndexes", wanted_one.collection, "indexes", std::vector<document>(1, specification(wanted_one))));
  } catch (const failure& error) {
    if (error.which() == failure::kind::away) throw;
    throw std::runtime_error(std::string("the index \"") + wanted_one.name + "\" of \"" + wanted_one.collection +
                             "\" cannot be made: " + error.what() + advice_for(error));
  }
}

}  // namespace

void ensure_indexes(link& on) {
  std::map<std::string, std::vector<const index*>> by_collection;
  for (const auto& each : wanted()) by_collection[each.collection].push_back(&each);
  for (const auto& [collection, all] : by_collection) {
    const auto before = names_of_indexes(on, collection.c_str());
    bool is_complete = true;
    for (const auto* each : all) {
      if (before.contains(each->name)) continue;
      is_complete = false;
      create(on, *each);
    }
    if (is_complete) continue;
    const auto after = names_of_indexes(on, collection.c_str());
    for (const auto* each : all) {
      if (!after.contains(each->name))
        throw std::runtime_error(std::string("the index \"") + each->name + "\" of \"" + each->collection + "\" was made and is not there");
    }
  }
}

}  // namespace bookings::mongo

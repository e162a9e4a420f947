#include "server/stores/mongo/bulk_rows.hpp"

#include "server/stores/mongo/collections.hpp"
#include "server/stores/mongo/gateway_payment_rows.hpp"
#include "server/stores/mongo/rows.hpp"

#include <stdexcept>

namespace bookings::mongo {
namespace {

const char* collection_of(record_kind kind) {
  switch (kind) {
    case record_kind::users: return users;
    case record_kind::gigs: return gigs;
    case record_kind::bookings: return bookings_;
    case record_kind::reviews: return reviews;
    case record_kind::manual_payments: return manual_payments;
    case record_kind::gateway_payments: return gateway_payments;
    case record_kind::trail: return trail;
    case record_kind::kept_replies: return kept_replies;
  }
  throw std::logic_error("no such kind of record");
}

const char* key_member(record_kind kind) { return kind == record_kind::trail ? "number" : "_id"; }

// {member: key}, or with an operator {member: {"$gt": key}}.
document where(record_kind kind, const std::string& key, const char* with = nullptr) {
  const auto add = [&](document& to, const char* name) {
    if (kind == record_kind::trail)
      to.add(name, trail_number(key));
    else if (kind == record_kind::kept_replies)
      to.add(name, key);
    else
      to.add(name, ref(key));
  };
  document filter;
  if (with == nullptr) {
    add(filter, key_member(kind));
  } else {
    document condition;
    add(condition, with);
    filter.add(key_member(kind), condition);
  }
  return filter;
}

// This program looks for ids by their ObjectId: it would not find a document of another.
std::string object_id(const document& from) {
  auto key = from.reference("_id");
  if (!is_valid_id(key) || bson_compare(from.id_only().get(), make("_id", ref(key)).get()) != 0)
    throw bad_document("the document " + key + ": its \"_id\" is no ObjectId");
  return key;
}

record read_record(record_kind kind, const document& from) {
  switch (kind) {
    case record_kind::users: return {object_id(from), read_user(from)};
    case record_kind::gigs: {
      stored_gig g{read_gig(from)};
      if (from.has("deletedAt")) g.deleted_at = from.time("deletedAt");
      return {object_id(from), std::move(g)};
    }
    case record_kind::bookings: return {object_id(from), read_booking(from)};
    case record_kind::reviews: return {object_id(from), read_review(from)};
    case record_kind::manual_payments: return {object_id(from), read_manual_payment(from)};
    case record_kind::gateway_payments: return {object_id(from), read_gateway_payment(from)};
    case record_kind::trail: return {trail_key(from.number("number")), read_trail(from)};
    case record_kind::kept_replies:
      return {from.text("_id"), stored_reply{from.text("fingerprint"), static_cast<unsigned>(from.number("status")), from.text("body"),
                                             time_point{std::chrono::milliseconds{from.number("at")}}}};
  }
  throw std::logic_error("no such kind of record");
}

struct to_stored {
  const std::string& key;

  document operator()(const user& u) const { return to_document(u); }
  document operator()(const stored_gig& g) const {
    auto made = to_document(g.row);
    if (g.deleted_at) made.add("deletedAt", *g.deleted_at);
    return made;
  }
  document operator()(const booking& b) const { return to_document(b); }
  document operator()(const review& r) const { return to_document(r); }
  document operator()(const manual_payment& p) const {
    auto made = to_document(p);
    if (p.decided) made.add_all(make("decidedBy", ref(p.decided->by), "decidedAt", p.decided->at, "reason", p.decided->reason));
    return made;
  }
  document operator()(const gateway_payment& p) const {
    auto made = make("_id", ref(p.id));
    made.add_all(members_of(p));
    return made;
  }
  document operator()(const trail_entry& t) const { return to_document(t, trail_number(key)); }
  document operator()(const stored_reply& r) const {
    const auto user_id = parse_reply_key(key).user_id;
    return make("_id", key, "user", user_id, "fingerprint", r.fingerprint, "status", r.status, "body", r.body, "rows",
                std::vector<std::int64_t>(), "at", r.at.time_since_epoch().count());
  }
};

document without_id(const document& what) {
  bson_t members;
  bson_init(&members);
  bson_copy_to_excluding_noinit(what.get(), &members, "_id", nullptr);
  document made(&members);
  bson_destroy(&members);
  return made;
}

document document_of(const record& row) { return std::visit(to_stored{row.key}, row.row); }

}  // namespace

std::int64_t count_records(link& on, record_kind kind) { return on.count(collection_of(kind), {}); }

std::vector<record> read_records(link& on, record_kind kind, const std::string& after, std::size_t limit) {
  const auto filter = after.empty() ? document{} : where(kind, after, "$gt");
  std::vector<record> rows;
  try {
    for (const auto& each : on.find(collection_of(kind), filter,
                                    {.sort = make(key_member(kind), 1), .limit = static_cast<std::int64_t>(limit)}))
      rows.push_back(read_record(kind, each));
  } catch (const bad_document& error) {
    throw bad_document(std::string("in the collection \"") + collection_of(kind) + "\", " + error.what());
  }
  return rows;
}

void add_records(link& on, record_kind kind, const std::vector<record>& rows) {
  constexpr std::uint32_t most_bytes = 4 << 20;  // of a command; the server takes 16 MiB
  std::vector<document> some;
  std::uint32_t bytes = 0;
  for (const auto& each : rows) {
    some.push_back(document_of(each));
    bytes += some.back().get()->len;
    if (bytes < most_bytes) continue;
    on.insert_missing(collection_of(kind), some);
    some.clear();
    bytes = 0;
  }
  on.insert_missing(collection_of(kind), some);
}

std::int64_t correct_records(link& on, record_kind kind, const std::vector<record>& rows) {
  std::int64_t corrected = 0;
  for (const auto& each : rows) {
    // A server counts its changes in "rev" (unit.hpp): so nothing of a copy that is late replaces what is newer.
    auto filter = where(kind, each.key);
    filter.add("rev", make("$exists", false));
    auto members = without_id(document_of(each));
    if (kind == record_kind::gigs && !members.has("deletedAt")) members.add("deletedAt", nullptr);
    corrected += on.update(collection_of(kind), {filter, make("$set", members)});
  }
  return corrected;
}

void remove_records(link& on, record_kind kind, const std::vector<std::string>& keys) {
  for (const auto& each : keys) on.remove(collection_of(kind), where(kind, each));
}

}  // namespace bookings::mongo

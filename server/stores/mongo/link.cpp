#include "server/stores/mongo/link.hpp"

#include "server/stores/mongo/collections.hpp"
#include "server/stores/mongo/lookup.hpp"

#include <memory>

namespace bookings::mongo {
namespace {

constexpr std::int64_t write_deadline_ms = 5000;  // for the majority's acknowledgement
constexpr std::uint32_t duplicate_key = 11000;
constexpr int most_in_a_reply = 1000;  // of an aggregation, whose further batches are not asked for: a page is shorter

// The driver's: connections and the choice of a server. The server's: it is no primary (any more), shuts down, or gave
// up at the deadline (error_codes.yml of MongoDB).
bool is_away(const bson_error_t& error) {
  if (error.domain == MONGOC_ERROR_STREAM || error.domain == MONGOC_ERROR_SERVER_SELECTION) return true;
  switch (error.code) {
    case 6:      // HostUnreachable
    case 7:      // HostNotFound
    case 50:     // MaxTimeMSExpired
    case 64:     // WriteConcernFailed
    case 89:     // NetworkTimeout
    case 91:     // ShutdownInProgress
    case 189:    // PrimarySteppedDown
    case 262:    // ExceededTimeLimit
    case 9001:   // SocketException
    case 10107:  // NotWritablePrimary
    case 11600:  // InterruptedAtShutdown
    case 11602:  // InterruptedDueToReplStateChange
    case 13435:  // NotPrimaryNoSecondaryOk
    case 13436:  // NotPrimaryOrSecondary
      return true;
    default: return false;
  }
}

// FerretDB 1 tells of a unique index that an update violates by SQLite's text alone.
bool tells_of_duplicate(std::int64_t code, std::string_view text) {
  return code == duplicate_key || text.find("UNIQUE constraint failed") != std::string_view::npos;
}

[[noreturn]] void fail(const bson_error_t& error) {
  const auto which = tells_of_duplicate(error.code, error.message) ? failure::kind::duplicate
                     : is_away(error)            ? failure::kind::away
                                                 : failure::kind::refused;
  throw failure(which, error.code, error.message);
}

bool is_duplicate(const document& error) {
  return tells_of_duplicate(error.number("code"), error.optional_text("errmsg").value_or(""));
}

[[noreturn]] void fail(const document& error) {
  throw failure(is_duplicate(error) ? failure::kind::duplicate : failure::kind::refused,
                static_cast<std::uint32_t>(error.number("code")), error.optional_text("errmsg").value_or(""));
}

void expect_none(const document& reply) {
  if (const auto errors = reply.children("writeErrors"); !errors.empty()) fail(errors.front());
}

}  // namespace

// Inserts, updates or deletions of one collection, in one command: the driver tries it again where that is known to be as
// good as once (MongoDB's specification of retryable writes), which it does for no command that is sent as it is.
class link::bulk {
 public:
  enum class order { kept, free };
  bulk(link& on, const char* collection, order which) : on_(on), collection_(collection) {
    auto with = on.options(purpose::writing);
    with.add("ordered", which == order::kept);
    const std::unique_ptr<mongoc_collection_t, decltype(&mongoc_collection_destroy)> into(
        mongoc_client_get_collection(on.client_.get(), on.at_.database().c_str(), std::string(on.stored(collection)).c_str()),
        &mongoc_collection_destroy);
    all_.reset(mongoc_collection_create_bulk_operation_with_opts(into.get(), with.get()));
  }
  void insert(const document& what) {
    const auto stored = on_.to_stored(collection_, what);
    expect([&](bson_error_t* error) {
      return mongoc_bulk_operation_insert_with_opts(all_.get(), stored.get(), make("validate", false).get(), error);
    });
  }
  void update(const change& one) {
    const auto with = make("upsert", one.otherwise == change::when_missing::insert);
    const auto add = one.of == change::scope::all ? &mongoc_bulk_operation_update_many_with_opts
                                                  : &mongoc_bulk_operation_update_one_with_opts;
    const auto filter = on_.to_stored(collection_, one.filter), changed = on_.to_stored(collection_, one.update);
    expect([&](bson_error_t* error) { return add(all_.get(), filter.get(), changed.get(), with.get(), error); });
  }
  void remove_all(const document& filter) {
    const auto stored = on_.to_stored(collection_, filter);
    expect([&](bson_error_t* error) {
      return mongoc_bulk_operation_remove_many_with_opts(all_.get(), stored.get(), nullptr, error);
    });
  }
  // {nMatched, …, writeErrors: [{index, code, errmsg}]}: what it says of single documents is the caller's to judge.
  document execute() {
    document reply;
    bson_error_t error{};
    if (mongoc_bulk_operation_execute(all_.get(), reply.renewed(), &error) != 0) return reply;
    if (!reply.children("writeErrors").empty()) return reply;
    if (const auto told = reply.children("writeConcernErrors"); !told.empty())
      throw failure(failure::kind::away, 64, "a majority has not acknowledged the write: " +
                                                 told.front().optional_text("errmsg").value_or(""));
    fail(error);
  }

 private:
  template <class Add>
  void expect(Add add) {
    bson_error_t error{};
    if (!add(&error)) fail(error);
  }
  struct destroy {
    void operator()(mongoc_bulk_operation_t* all) const noexcept { mongoc_bulk_operation_destroy(all); }
  };
  link& on_;
  const char* collection_;
  std::unique_ptr<mongoc_bulk_operation_t, destroy> all_;
};

link::link(cluster& at) : at_(at), client_(at.borrow()) {
  std::unique_ptr<mongoc_session_opt_t, decltype(&mongoc_session_opts_destroy)> wanted(mongoc_session_opts_new(),
                                                                                       &mongoc_session_opts_destroy);
  mongoc_session_opts_set_causal_consistency(wanted.get(), true);
  bson_error_t error{};
  session_ = mongoc_client_start_session(client_.get(), wanted.get(), &error);
  // A server without sessions is a single one, and so causal by itself.
  if (session_ == nullptr && is_away(error)) fail(error);
}

link::~link() {
  if (session_ != nullptr) mongoc_client_session_destroy(session_);
}

document link::options(purpose what) const {
  document all;
  if (what == purpose::writing)
    all.add("writeConcern", make("w", "majority", "wtimeout", write_deadline_ms));
  else
    all.add("readConcern", make("level", "majority"));
  if (session_ != nullptr) {
    bson_error_t error{};
    bson_t raw;
    bson_copy_to(all.get(), &raw);
    const bool added = mongoc_client_session_append(session_, &raw, &error);
    all = document(&raw);
    bson_destroy(&raw);
    if (!added) fail(error);
  }
  return all;
}

document link::send(const document& command, purpose what) {
  document reply;
  bson_error_t error{};
  const auto with = options(what);
  const auto* const database = at_.database().c_str();
  const bool done =
      what == purpose::writing
          ? mongoc_client_write_command_with_opts(client_.get(), database, command.get(), with.get(), reply.renewed(), &error)
          : mongoc_client_read_command_with_opts(client_.get(), database, command.get(), nullptr, with.get(),
                                                 reply.renewed(), &error);
  if (!done) fail(error);
  return reply;
}

document link::run(const document& command) {
  document reply;
  bson_error_t error{};
  if (!mongoc_client_command_with_opts(client_.get(), at_.database().c_str(), command.get(), nullptr, nullptr, reply.renewed(), &error))
    fail(error);
  return reply;
}

document link::to_stored(const char* collection, const document& what) const {
  const auto* its = names().of(collection);
  return its == nullptr ? what : its->to_stored(what);
}

document link::to_ours(const char* collection, document found) const {
  const auto* its = names().of(collection);
  return its == nullptr ? found : its->to_ours(std::move(found));
}

std::vector<document> link::find(const char* collection, const document& filter, const find_options& wanted) {
  auto with = options(purpose::reading);
  if (!wanted.sort.is_empty()) with.add("sort", to_stored(collection, wanted.sort));
  if (!wanted.fields.is_empty()) with.add("projection", to_stored(collection, wanted.fields));
  if (wanted.skip > 0) with.add("skip", wanted.skip);
  if (wanted.limit > 0) with.add("limit", wanted.limit);
  const std::unique_ptr<mongoc_collection_t, decltype(&mongoc_collection_destroy)> from(
      mongoc_client_get_collection(client_.get(), at_.database().c_str(), std::string(stored(collection)).c_str()),
      &mongoc_collection_destroy);
  const auto wanted_ones = to_stored(collection, filter);
  const std::unique_ptr<mongoc_cursor_t, decltype(&mongoc_cursor_destroy)> cursor(
      mongoc_collection_find_with_opts(from.get(), wanted_ones.get(), with.get(), nullptr), &mongoc_cursor_destroy);
  std::vector<document> all;
  const bson_t* each = nullptr;
  while (mongoc_cursor_next(cursor.get(), &each)) all.push_back(to_ours(collection, document(each)));
  bson_error_t error{};
  if (mongoc_cursor_error(cursor.get(), &error)) fail(error);
  return all;
}

std::vector<joined> link::find_with_lookup(const char* collection, const document& filter, const find_options& wanted,
                                           const std::vector<reference>& references) {
  std::vector<document> stages{make("$match", to_stored(collection, filter))};
  if (!wanted.sort.is_empty()) stages.push_back(make("$sort", to_stored(collection, wanted.sort)));
  if (wanted.skip > 0) stages.push_back(make("$skip", wanted.skip));
  if (wanted.limit > 0) stages.push_back(make("$limit", wanted.limit));
  const auto name_of = [](std::size_t i) { return "reprise_" + std::to_string(i); };
  for (std::size_t i = 0; i < references.size(); ++i) {
    const auto& each = references[i];
    document shown;
    for (const auto* member : each.shown) shown.add(member, 1);
    stages.push_back(lookup_stage(stored(each.collection), names().member(collection, each.member),
                                  to_stored(each.collection, shown), name_of(i)));
  }
  const auto reply = send(make("aggregate", stored(collection), "pipeline", stages, "cursor", make("batchSize", most_in_a_reply)),
                          purpose::reading);
  std::vector<joined> all;
  for (auto& row : reply.child("cursor").children("firstBatch")) {
    joined one;
    for (std::size_t i = 0; i < references.size(); ++i) {
      auto found = row.children(name_of(i).c_str());
      one.its.push_back(found.empty() ? document() : to_ours(references[i].collection, std::move(found.front())));
    }
    one.row = to_ours(collection, std::move(row));
    all.push_back(std::move(one));
  }
  return all;
}

std::optional<document> link::find_one(const char* collection, const document& filter, const find_options& wanted) {
  auto one = wanted;
  one.limit = 1;
  auto found = find(collection, filter, one);
  if (found.empty()) return {};
  return std::move(found.front());
}

std::int64_t link::count(const char* collection, const document& filter) {
  return send(make("count", stored(collection), "query", to_stored(collection, filter)), purpose::reading).number("n");
}

std::vector<bookings::id> link::distinct(const char* collection, const char* member, const document& filter) {
  const auto key = names().member(collection, member);
  return send(make("distinct", stored(collection), "key", key, "query", to_stored(collection, filter)), purpose::reading)
      .ids("values");
}

std::vector<document> link::aggregate(const char* collection, const std::vector<document>& stages) {
  const auto* its = names().of(collection);
  auto all = stages;
  if (its != nullptr)
    for (auto& each : all) each = its->to_stored_stage(each);
  const auto reply =
      send(make("aggregate", stored(collection), "pipeline", all, "cursor", make("batchSize", most_in_a_reply)), purpose::reading);
  return reply.child("cursor").children("firstBatch");
}

void link::insert(const char* collection, const document& what) {
  bulk one(*this, collection, bulk::order::kept);
  one.insert(what);
  expect_none(one.execute());
}

std::size_t link::insert_until_duplicate(const char* collection, const std::vector<document>& all) {
  bulk several(*this, collection, bulk::order::kept);
  for (const auto& each : all) several.insert(each);
  const auto errors = several.execute().children("writeErrors");
  if (errors.empty()) return all.size();
  if (!is_duplicate(errors.front())) fail(errors.front());
  return static_cast<std::size_t>(errors.front().number("index"));
}

void link::insert_missing(const char* collection, const std::vector<document>& all) {
  if (all.empty()) return;
  bulk several(*this, collection, bulk::order::free);
  for (const auto& each : all) several.insert(each);
  for (const auto& each : several.execute().children("writeErrors"))
    if (!is_duplicate(each)) fail(each);
}

std::int64_t link::update(const char* collection, const std::vector<change>& changes) {
  if (changes.empty()) return 0;
  bulk several(*this, collection, bulk::order::kept);
  for (const auto& each : changes) several.update(each);
  const auto reply = several.execute();
  expect_none(reply);
  return reply.number("nMatched") + reply.number("nUpserted");
}

std::int64_t link::update(const char* collection, const change& one) {
  return update(collection, std::vector<change>(1, one));
}

document link::update_and_get(const char* collection, const document& filter, const document& update) {
  const auto command = make("findAndModify", stored(collection), "query", to_stored(collection, filter), "update",
                            to_stored(collection, update), "upsert", true, "new", true);
  // Of two that find nothing at once, one may be told that the other has made it: then it is there.
  for (int tries = 1;; ++tries) {
    try {
      return to_ours(collection, send(command, purpose::writing).child("value"));
    } catch (const failure& error) {
      if (error.which() != failure::kind::duplicate || tries == 3) throw;
    }
  }
}

std::int64_t link::remove(const char* collection, const document& filter) {
  bulk one(*this, collection, bulk::order::kept);
  one.remove_all(filter);
  const auto reply = one.execute();
  expect_none(reply);
  return reply.number("nRemoved");
}

void link::catch_up() {
  if (!at_.has_several_primaries()) return;
  update(counters, {make("_id", "barrier"), make("$inc", make("n", 1)), change::scope::one, change::when_missing::insert});
}

}  // namespace bookings::mongo

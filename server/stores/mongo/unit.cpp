#include "server/stores/mongo/unit.hpp"

#include "server/stores/mongo/collections.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>
#include <thread>

namespace bookings::mongo {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr std::int64_t lock_time_ms = 15'000;
constexpr auto commit_within = 10s;  // of the first lock; less than lock_time, so that locks seldom end under a write
constexpr auto most_wait = 5s;       // for others' locks
constexpr std::int64_t given_up_for_ms = 60 * 60 * 1000;

constexpr const char* state_committed = "committed";
constexpr const char* state_given_up = "given up";

document revision_filter(const document& id, std::int64_t revision) {
  auto filter = id;
  if (revision == 0)
    filter.add("rev", make("$exists", false));
  else
    filter.add("rev", revision);
  return filter;
}

// {collection, kind, …} as add_operation() made it.
void carry_out(link& on, const document& operation) {
  const auto collection = operation.text("collection"), kind = operation.text("kind");
  const auto what = operation.child("what");
  if (kind == "insert") {
    on.insert_missing(collection.c_str(), std::vector<document>(1, what));
  } else if (kind == "set") {
    const auto revision = what.number("rev");
    auto members = what.child("members");
    members.add("rev", revision + 1);
    on.update(collection.c_str(), {revision_filter(what.child("id"), revision), make("$set", members)});
  } else if (kind == "remove") {
    on.remove(collection.c_str(), what);
  } else {
    on.update(collection.c_str(), {what.child("id"), make("$set", what.child("members")), link::change::scope::one,
                                   link::change::when_missing::insert});
  }
}

bool is_told_last(const document& operation) { return operation.text("kind") == "tell"; }

std::vector<intended_row> read_rows(const std::vector<document>& all) {
  std::vector<intended_row> rows;
  for (const auto& each : all) rows.push_back({each.number("number"), each.text("what")});
  return rows;
}

std::vector<std::string> all_nonces(link& on) {
  std::vector<std::string> all;
  for (const auto& each : on.find(identities, {}, {.fields = make("nonce", 1)})) all.push_back(each.text("nonce"));
  return all;
}

// REQUIRES: what the rows tell of is carried out (mongo_outbox.cpp).
void put_into_outbox(link& on, const std::vector<intended_row>& rows, std::int64_t at) {
  if (rows.empty()) return;
  const auto waiting = all_nonces(on);
  std::vector<document> documents;
  for (const auto& each : rows) documents.push_back(make("_id", each.number, "what", each.what, "at", at, "waiting", waiting));
  on.insert_missing(outbox, documents);
}

void carry_out_all(link& on, const document& intent) {
  const auto operations = intent.children("operations");
  for (const auto& each : operations)
    if (!is_told_last(each)) carry_out(on, each);
  put_into_outbox(on, rows_of(intent), intent.number("at"));
  for (const auto& each : operations)
    if (is_told_last(each)) carry_out(on, each);
  on.remove(intents, make("_id", intent.text("_id")));
}

// What may be done twice is tried again where an answer is lost: else others would have to wait for the end of the locks.
template <class Act>
void insist(Act act) {
  constexpr int most_tries = 3;
  for (int tries = 1;; ++tries) {
    try {
      return act();
    } catch (const failure& error) {
      if (error.which() != failure::kind::away || tries == most_tries) throw;
    }
  }
}

// Has the write of this name committed? Where it has not, it cannot any more.
std::optional<document> committed_or_never(link& on, const std::string& token) {
  for (;;) {
    if (auto found = on.find_one(intents, make("_id", token))) {
      if (found->text("state") != state_committed) return {};
      return found;
    }
    try {
      on.insert(intents, make("_id", token, "state", state_given_up, "at", on.now()));
      return {};
    } catch (const failure& error) {
      if (error.which() != failure::kind::duplicate) throw;  // else it has just committed, or somebody else gave it up
    }
  }
}

void end_locks_of(link& on, const std::string& token) {
  if (const auto intent = committed_or_never(on, token)) carry_out_all(on, *intent);
  on.remove(locks, make("by", token));
}

std::chrono::milliseconds pause(int round) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const int most = std::min(2 << std::min(round, 5), 40);
  return std::chrono::milliseconds{std::uniform_int_distribution<int>(1, most)(random)};
}

}  // namespace

unit::unit(link& on) : on_(on), token_(make_id()) {}

unit::~unit() {
  if (is_committed_ || keys_.empty()) return;
  try {
    release();
  } catch (const std::exception& error) {
    spdlog::debug("[Store] Locks were not given back, and end by themselves: {}", error.what());
  }
}

void unit::lock(std::vector<std::string> wanted) {
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  std::erase_if(wanted, [&](const auto& key) { return std::find(keys_.begin(), keys_.end(), key) != keys_.end(); });
  if (wanted.empty()) return;
  const auto since = clock::now();
  if (keys_.empty()) began_ = since;
  keys_.insert(keys_.end(), wanted.begin(), wanted.end());

  std::size_t held = 0;
  for (int round = 0;; ++round) {
    std::vector<document> missing;
    const auto until = on_.now() + lock_time_ms;
    for (auto i = held; i < wanted.size(); ++i) missing.push_back(make("_id", wanted[i], "by", token_, "until", until));
    held += on_.insert_until_duplicate(locks, missing);
    if (held == wanted.size()) return;
    const auto other = on_.find_one(locks, make("_id", wanted[held]));
    if (!other || other->text("by") == token_) {  // ours: the answer to an earlier try was lost
      if (other) ++held;
      if (held == wanted.size()) return;
      continue;
    }
    if (other->number("until") <= on_.now()) {
      end_locks_of(on_, other->text("by"));
      continue;
    }
    if (clock::now() - since > most_wait)
      throw failure(failure::kind::away, 0, "another write holds \"" + wanted[held] + "\"");
    std::this_thread::sleep_for(pause(round));
  }
}

void unit::add_operation(const char* collection, const char* kind, const document& what) {
  operations_.push_back(make("collection", collection, "kind", kind, "what", what));
}

void unit::insert(const char* collection, const document& what) { add_operation(collection, "insert", what); }

void unit::set(const char* collection, const document& read, const document& members) {
  add_operation(collection, "set", make("id", read.id_only(), "rev", read.number_or("rev", 0), "members", members));
}

void unit::remove_all(const char* collection, const document& filter) { add_operation(collection, "remove", filter); }

void unit::tell(const char* collection, const document& id, const document& members) {
  add_operation(collection, "tell", make("id", id, "members", members));
}

std::vector<outbox_row> unit::emit(const std::vector<bookings::change>& changes) {
  std::vector<outbox_row> rows;
  if (changes.empty()) return rows;
  auto number = take_numbers(on_, "outbox", changes.size()) - static_cast<std::int64_t>(changes.size());
  for (const auto& each : changes) {
    rows.push_back({++number, each});
    rows_.push_back(make("number", number, "what", to_text(each)));
  }
  return rows;
}

void unit::commit() {
  if (operations_.size() + rows_.size() > 1) {
    const auto intent = make("_id", token_, "state", state_committed, "at", on_.now(), "rows", rows_, "operations", operations_);
    // Seldom: where its locks have ended, and somebody else has taken one, the intent is refused anyway. But that name is
    // kept for an hour alone.
    if (!keys_.empty() && clock::now() - began_ > commit_within)
      throw failure(failure::kind::away, 0, "the write took too long, and was given up");
    insert_intent(intent);
    is_committed_ = true;  // from here on the locks are released only when it is carried out
    insist([&] { carry_out_all(on_, intent); });
  } else {
    carry_out_alone();
  }
  release();
}

// One document is atomic by itself.
void unit::carry_out_alone() {
  for (const auto& each : operations_) carry_out(on_, each);
  put_into_outbox(on_, read_rows(rows_), on_.now());
}

// Where the answer is lost, the database is asked what came of it.
void unit::insert_intent(const document& intent) {
  try {
    on_.insert(intents, intent);
  } catch (const failure& error) {
    if (error.which() == failure::kind::refused) throw;
    std::optional<document> committed;
    insist([&] { committed = committed_or_never(on_, token_); });
    if (!committed)
      throw failure(failure::kind::away, error.code(), std::string("the write was given up: ") + error.what());
  }
}

void unit::release() {
  if (keys_.empty()) return;
  insist([&] { on_.remove(locks, make("_id", make("$in", keys_), "by", token_)); });
  keys_.clear();
}

std::vector<document> open_intents(link& on) { return on.find(intents, make("state", state_committed)); }

std::vector<intended_row> rows_of(const document& intent) { return read_rows(intent.children("rows")); }

void finish_old_intents(link& on, const std::vector<document>& all) {
  for (const auto& each : all) {
    if (each.number("at") > on.now() - lock_time_ms) continue;
    spdlog::warn("[Store] A write was committed and not carried out, by a process that ended or was away: it is now");
    end_locks_of(on, each.text("_id"));
  }
}

void forget_given_up(link& on) {
  on.remove(intents, make("state", state_given_up, "at", make("$lte", on.now() - given_up_for_ms)));
}

std::string lock_of_user(const bookings::id& user_id) { return "user:" + user_id; }
std::string lock_of_admins() { return "admins"; }
std::string lock_of_transaction(std::string_view method, std::string_view transaction_id) {
  return "transaction:" + std::string(method) + ":" + std::string(transaction_id);
}

std::int64_t take_numbers(link& on, const char* name, std::size_t count) {
  return on.update_and_get(counters, make("_id", name), make("$inc", make("n", count))).number("n");
}

}  // namespace bookings::mongo
